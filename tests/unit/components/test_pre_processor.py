# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Exportable resizing against torch's own."""

import openvino as ov
import pytest
import torch
from anomalib.pre_processing import PreProcessor
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F  # noqa: N812  # torch's own name for it
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import CenterCrop, Compose, Resize

from anomalib_scadn.components.pre_processor import ScadnPreProcessor, antialias_matrix, resize
from anomalib_scadn.components.resampling import resize_array

LENGTHS = st.integers(1, 90)


def torch_resize(images, size):
    return F.interpolate(images, size, mode="bilinear", antialias=True, align_corners=False)


def naive_matrix(length, new_length):
    """A triangle as wide as the new pixel, at least as an old one, centred on it, normalized."""
    scale = length / new_length
    rows = []
    for new in range(new_length):
        centre = (new + 0.5) * scale
        weights = [max(0.0, 1 - abs(old + 0.5 - centre) / max(scale, 1.0)) for old in range(length)]
        rows.append([weight / sum(weights) for weight in weights])
    return torch.tensor(rows, dtype=torch.float32)


@given(LENGTHS, LENGTHS)
def test_matrix_holds_the_normalized_triangles(length, new_length):
    torch.testing.assert_close(antialias_matrix(length, new_length), naive_matrix(length, new_length))


@given(LENGTHS, LENGTHS)
def test_rows_of_the_matrix_are_weights_that_sum_to_one(length, new_length):
    matrix = antialias_matrix(length, new_length)
    assert matrix.shape == (new_length, length)
    assert matrix.dtype == torch.float32
    assert (matrix >= 0).all()
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(new_length))


@given(LENGTHS, LENGTHS, LENGTHS, LENGTHS)
def test_resizing_equals_torchs_antialiased_bilinear_one(height, width, new_height, new_width):
    images = torch.rand(2, 3, height, width)
    expected = torch_resize(images, (new_height, new_width))
    torch.testing.assert_close(resize(images, (new_height, new_width)), expected, atol=1e-5, rtol=0)


@given(LENGTHS, LENGTHS, LENGTHS, LENGTHS)
def test_arrays_are_resized_like_tensors(height, width, new_height, new_width):
    images = torch.rand(2, 3, height, width)
    found = resize_array(images.numpy(), (new_height, new_width))
    assert found.dtype == "float32"
    torch.testing.assert_close(torch.from_numpy(found), resize(images, (new_height, new_width)), atol=1e-6, rtol=0)


def test_an_array_of_the_models_size_stays_as_it_is():
    images = torch.rand(2, 3, 24, 40)
    assert (resize_array(images.numpy(), (24, 40)) == images.numpy()).all()


@pytest.mark.parametrize(
    ("old", "new"),
    [((64, 64), (24, 32)), ((24, 32), (64, 64)), ((64, 24), (32, 48)), ((31, 67), (40, 24)), ((500, 333), (64, 64))],
    ids=["down", "up", "mixed", "odd", "large"],
)
def test_resizing_of_usual_sizes_equals_torchs(old, new):
    images = torch.rand(1, 3, *old)
    result = resize(images, new)
    assert result.shape == (1, 3, *new)
    torch.testing.assert_close(result, torch_resize(images, new), atol=1e-5, rtol=0)


@given(LENGTHS, LENGTHS)
def test_resizing_to_the_same_size_changes_nothing(height, width):
    images = torch.rand(1, 3, height, width)
    assert torch.equal(resize(images, (height, width)), images)


def test_fine_weave_is_averaged_and_not_aliased():
    weave = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    torch.testing.assert_close(resize(weave, (16, 16))[..., 1:-1], torch.full((1, 3, 16, 14), 0.5))
    plain = F.interpolate(weave, (16, 16), mode="nearest")
    assert plain.unique().numel() == 1
    assert plain[0, 0, 0, 0] in (0.0, 1.0)


def test_resized_images_stay_in_their_range():
    images = torch.randint(0, 2, (2, 3, 50, 70)).float()
    result = resize(images, (24, 96))
    assert result.min() >= 0
    assert result.max() <= 1 + 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_resizing_keeps_the_dtype(dtype):
    assert resize(torch.rand(1, 3, 16, 16).to(dtype), (8, 24)).dtype == dtype


@pytest.mark.parametrize("raw", [(48, 80), (32, 40), (17, 99), (100, 24)])
def test_exported_forward_equals_the_transform_of_training(raw):
    pre_processor = ScadnPreProcessor((32, 40))
    images = torch.rand(2, 3, *raw)
    result = pre_processor(images)
    assert result.shape == (2, 3, 32, 40)
    torch.testing.assert_close(result, pre_processor.transform(images), atol=1e-5, rtol=0)


def test_an_exported_graph_resizes_in_bfloat16_as_accurately_as_that_can_hold(tmp_path):
    # bfloat16 holds whole numbers up to 256. A processor without it computes in float32, and passes in any case.
    images = F.avg_pool2d(torch.rand(2, 3, 1204, 1028), 4)
    sides = ({2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC},)
    torch.onnx.export(
        ScadnPreProcessor((128, 120)).eval(), (images,), tmp_path / "resize.onnx", dynamic_shapes=sides, verbose=False
    )
    compiled = ov.compile_model(tmp_path / "resize.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
    found = torch.from_numpy(compiled([images.numpy()])[0])
    torch.testing.assert_close(found, torch_resize(images, (128, 120)), atol=0.02, rtol=0)


def test_transform_of_training_is_an_antialiased_resize_alone():
    transform = ScadnPreProcessor((32, 40)).transform
    assert type(transform) is Resize
    assert tuple(transform.size) == (32, 40)
    assert transform.antialias is True
    images = torch.rand(1, 3, 32, 40)
    assert torch.equal(transform(images), images)  # no normalization


def test_pre_processor_is_the_hosts_kind():
    assert isinstance(ScadnPreProcessor((32, 40)), PreProcessor)


def test_configuration_survives_a_checkpoint():
    saved = ScadnPreProcessor((32, 40)).checkpoint_config()
    restored = ScadnPreProcessor((64, 64))
    restored.load_checkpoint_config(saved)
    assert tuple(restored.transform.size) == (32, 40)
    assert restored.transform.antialias is True
    assert restored.checkpoint_config() == saved
    images = torch.rand(1, 3, 50, 60)
    assert torch.equal(restored(images), ScadnPreProcessor((32, 40))(images))


def test_saved_configuration_is_plain_data(tmp_path):
    saved = ScadnPreProcessor((32, 40)).checkpoint_config()
    torch.save(saved, tmp_path / "config.pt")
    assert torch.load(tmp_path / "config.pt", weights_only=True) == saved


@pytest.mark.parametrize(
    "transform",
    [
        CenterCrop(16),
        Compose([Resize((24, 24)), CenterCrop(16)]),
        Resize(16),
        Resize((24, 24), antialias=False),
        Resize((24, 24), interpolation=InterpolationMode.NEAREST),
        None,
    ],
)
def test_another_pre_processors_transform_out_of_a_checkpoint_is_applied_as_the_host_does(transform):
    images = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    ours, hosts = ScadnPreProcessor((32, 32)), PreProcessor(transform)
    ours.load_checkpoint_config(hosts.checkpoint_config())
    assert torch.equal(ours(images), hosts(images))
    assert ours.resized_size is None


def test_size_that_images_are_resized_to_is_the_transforms():
    assert ScadnPreProcessor((32, 40)).resized_size == (32, 40)
    restored = ScadnPreProcessor((64, 64))
    restored.load_checkpoint_config(PreProcessor(Resize((24, 24), InterpolationMode.BILINEAR)).checkpoint_config())
    assert restored.resized_size == (24, 24)
