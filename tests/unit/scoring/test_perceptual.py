# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The perceptual error, with weights that a seed draws."""

import pytest
import timm
import torch
from safetensors.torch import save_file

from anomalib_scadn.scoring.perceptual import PerceptualError

BACKBONE = "resnet10t"
LAYERS = (1, 2)
SIZE = (32, 48)


def draw():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, *SIZE, generator=generator)
    return images, torch.rand(2, 4, 3, *SIZE, generator=generator)


def write_weights(path, *, drop=None):
    torch.manual_seed(1)
    state = timm.create_model(BACKBONE, pretrained=False).state_dict()
    state = {name: value for name, value in state.items() if drop is None or not name.startswith(drop)}
    save_file(state, path)
    return path


def test_distance_of_features_written_as_a_loop(tmp_path):
    error = PerceptualError(BACKBONE, LAYERS, write_weights(tmp_path / "weights.safetensors"), SIZE)
    images, painted = draw()
    whole = timm.create_model(BACKBONE, pretrained=False, checkpoint_path=str(tmp_path / "weights.safetensors")).eval()
    mean, std = (
        torch.tensor(value).view(1, 3, 1, 1) for value in (whole.default_cfg["mean"], whole.default_cfg["std"])
    )
    expected = torch.zeros(32, 48)
    with torch.no_grad():
        features = [
            whole.forward_intermediates((image - mean) / std, indices=LAYERS, intermediates_only=True)
            for image in (images[1:], painted[1:, 2])
        ]
        for real, fake in zip(*features, strict=True):
            unit = [part / part.norm(dim=1, keepdim=True) for part in (real, fake)]
            distance = (unit[0] - unit[1]).square().sum(dim=1, keepdim=True)
            expected += torch.nn.functional.interpolate(distance, size=(32, 48), mode="bilinear")[0, 0] / len(LAYERS)
    assert torch.allclose(error(images, painted)[1, 2], expected, atol=1e-5)


def test_equal_images_have_no_error(tmp_path):
    images, _ = draw()
    error = PerceptualError(BACKBONE, LAYERS, "checkpoint", SIZE)(images, images.unsqueeze(1))
    assert error.shape == (2, 1, 32, 48)
    assert error.abs().max() < 1e-6


def test_the_backbone_never_trains():
    error = PerceptualError(BACKBONE, LAYERS, "checkpoint", SIZE).train()
    assert not any(parameter.requires_grad for parameter in error.parameters())
    assert not any(module.training for module in error.modules())


def test_weights_of_a_sequence_are_found_under_their_own_names(tmp_path):
    torch.manual_seed(0)
    whole = timm.create_model("test_convnext", pretrained=False)
    save_file(whole.state_dict(), tmp_path / "weights.safetensors")
    error = PerceptualError("test_convnext", (0, 1), tmp_path / "weights.safetensors", SIZE)
    own = error.network.state_dict()
    assert torch.equal(own["stem_0.weight"], whole.state_dict()["stem.0.weight"])


def test_backbones_without_maps_are_refused():
    with pytest.raises(ValueError, match=r"swin_tiny.* cannot take images of 32 x 48 pixels"):
        PerceptualError("swin_tiny_patch4_window7_224", (0, 1), "checkpoint", SIZE)


def test_bad_input_is_refused(tmp_path):
    with pytest.raises(ValueError, match="resnet0"):
        PerceptualError("resnet0", LAYERS, "checkpoint", SIZE)
    with pytest.raises(ValueError, match="layers"):
        PerceptualError(BACKBONE, (9,), "checkpoint", SIZE)
    for layers in ((), (2, 1), (1, 1), ("a",)):
        with pytest.raises(ValueError, match="backbone_layers must be ascending whole numbers, at least one, got"):
            PerceptualError(BACKBONE, layers, "checkpoint", SIZE)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        PerceptualError(BACKBONE, LAYERS, tmp_path / "nowhere.safetensors", SIZE)
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(ValueError, match=r"text\.safetensors"):
        PerceptualError(BACKBONE, LAYERS, tmp_path / "text.safetensors", SIZE)
    with pytest.raises(ValueError, match=r"lacks .*layer2"):
        PerceptualError(BACKBONE, LAYERS, write_weights(tmp_path / "half.safetensors", drop="layer2"), SIZE)


def test_a_failed_download_names_the_argument(monkeypatch):
    make_model = timm.create_model

    def offline(*arguments, pretrained, **more):
        if pretrained:
            raise OSError("no route to the hub")
        return make_model(*arguments, pretrained=False, **more)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(ValueError, match=r"'resnet10t' cannot be downloaded, give backbone_weights .*: no route"):
        PerceptualError(BACKBONE, LAYERS, None, SIZE)


def test_a_backbone_draws_nothing_from_the_global_generator():
    before = torch.get_rng_state()
    PerceptualError(BACKBONE, LAYERS, "checkpoint", SIZE)
    assert torch.equal(torch.get_rng_state(), before)
