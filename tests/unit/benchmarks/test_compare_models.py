# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Backbones from a local file, and what the models cost."""

import pytest
import safetensors.torch
import timm
import torch
from anomalib.models import Padim, Patchcore
from torch import nn

from anomalib_scadn import Scadn
from anomalib_scadn.networks import BlockConv2d, ResizeConv2d
from layout import median_and_range
from measure import measure_size, measure_times
from models import BACKBONE, load_backbone, predict, predict_raw
from tolerances import generator_rounding, score_rounding


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A random backbone's weights, batch norm folded: identity but for its bias, once eps is added."""
    network = timm.create_model(BACKBONE, features_only=True, out_indices=(1, 2, 3)).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias)
            module.running_var.fill_(1 - module.eps)
    state = {name: value for name, value in network.state_dict().items() if "num_batches" not in name}
    path = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    safetensors.torch.save_file(state, path)
    return network, path


@pytest.mark.parametrize("kind", [Patchcore, Padim])
def test_features_are_those_of_the_network_whose_weights_were_loaded(kind, weights):
    network, path = weights
    model = kind(backbone=BACKBONE, pre_trained=False, evaluator=False, visualizer=False)
    load_backbone(model, path)
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        expected = dict(zip(("layer1", "layer2", "layer3"), network(images), strict=True))
        found = model.model.feature_extractor(images)
    assert found
    assert all(torch.equal(features, expected[layer]) for layer, features in found.items())


def test_folded_batch_norm_adds_its_bias_and_nothing_else(weights):
    network, path = weights
    model = Padim(backbone=BACKBONE, pre_trained=False, evaluator=False, visualizer=False)
    load_backbone(model, path)
    norm = model.model.feature_extractor.feature_extractor.eval()["bn1"]
    values = torch.randn(1, 64, 4, 4)
    with torch.no_grad():
        assert torch.allclose(norm(values), values + network["bn1"].bias[:, None, None], rtol=1e-6, atol=1e-6)


def test_weights_that_are_missing_incomplete_or_misfit_are_refused_by_name(weights, tmp_path):
    model = Padim(backbone=BACKBONE, pre_trained=False, evaluator=False, visualizer=False)
    with pytest.raises(FileNotFoundError, match=r"no file .*absent"):
        load_backbone(model, tmp_path / "absent.safetensors")
    state = safetensors.torch.load_file(weights[1])
    path = tmp_path / "some.safetensors"
    safetensors.torch.save_file({name: value for name, value in state.items() if "layer3" not in name}, path)
    with pytest.raises(ValueError, match=r"some\.safetensors lacks .* the first is 'layer3"):
        load_backbone(model, path)
    safetensors.torch.save_file({**state, "conv1.weight": torch.zeros(2, 3, 7, 7)}, path)
    with pytest.raises(ValueError, match=r"some\.safetensors cannot be read or does not fit"):
        load_backbone(model, path)
    path.write_bytes(b"no weights")
    with pytest.raises(ValueError, match=r"some\.safetensors cannot be read"):
        load_backbone(model, path)
    with pytest.raises(ValueError, match="Scadn has no backbone"):
        load_backbone(Scadn(image_size=32, base_channels=2, visualizer=False), weights[1])


@pytest.fixture
def scadn():
    return Scadn(image_size=32, base_channels=2, seed=0, evaluator=False, visualizer=False).eval()


def test_scadn_costs_twelve_passes_of_its_generator(scadn):
    counted = []

    def count(module, inputs, output):
        # Of the nine weights of a kernel four sums are left for each pixel behind upsampling.
        # Those of a block of pixels share a window of 8 x 8, one pixel has 7 x 7.
        kernel = 4 / 9 if isinstance(module, ResizeConv2d) else 64 / 49 if isinstance(module, BlockConv2d) else 1
        counted.append(output[0].numel() * module.weight[0].numel() * kernel)

    for module in scadn.model.generator.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        scadn.model.generator(torch.rand(1, 3, 32, 32))
    expected = round(12 * sum(counted))
    found = measure_size(scadn, torch.rand(3, 40, 50))
    assert found["multiply_adds"] == expected
    assert found["parameters"] == sum(value.numel() for value in scadn.model.generator.parameters())


def test_images_of_any_size_are_scored_in_one_batch_as_one_by_one(scadn):
    images = [torch.rand(3, 32, 32), torch.rand(3, 40, 24)]
    together = predict_raw(scadn, images)
    for place, image in enumerate(images):
        alone = predict_raw(scadn, [image])
        assert torch.allclose(together.pred_score[place], alone.pred_score[0], atol=score_rounding(2))
        assert torch.allclose(together.anomaly_map[place], alone.anomaly_map[0], atol=generator_rounding(2))
    assert predict(scadn, images).pred_label.shape == (2,)


def test_times_are_of_both_batch_sizes(scadn, monkeypatch):
    sizes = []
    monkeypatch.setattr("measure.predict", lambda model, images: sizes.append(len(images)))
    times = measure_times(scadn, [torch.rand(3, 32, 32)] * 3, repeats=4)
    assert sizes == [1] * 7 + [8] * 7  # three to warm up, four that count
    assert set(times) == {"latency_1_ms", "latency_8_ms", "images_per_second"}
    rate, batch = times["images_per_second"], times["latency_8_ms"]
    assert rate["highest"] == pytest.approx(8000 / batch["lowest"])


def test_spread_is_median_lowest_and_highest():
    assert median_and_range([3.0, 1.0, 2.0, 10.0]) == {"median": 2.5, "lowest": 1.0, "highest": 10.0}
