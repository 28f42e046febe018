# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""ALOCC: both scores, the losses, and who learns from what."""

import pytest
import torch
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from anomalib_scadn.baselines import AloccD, AloccDR
from anomalib_scadn.baselines.alocc_model import AloccModel
from anomalib_scadn.baselines.base import add_noise


@pytest.mark.parametrize("refine", [False, True])
def test_scores_are_the_mean_improbability_of_patches(refine):
    model = AloccModel((32, 24), base_channels=2, refine=refine).eval()
    images = torch.rand(3, 3, 32, 24)
    judged = model.reconstructor(images) if refine else images
    logits = model.discriminator(judged)
    output = model(images)
    for place in range(3):
        patches = logits[place].flatten().tolist()
        expected = 1 - sum(1 / (1 + torch.tensor(-value).exp().item()) for value in patches) / len(patches)
        assert output.pred_score[place].item() == pytest.approx(expected, abs=1e-5)
    assert output.anomaly_map is None
    assert output.pred_score.shape == (3,)


def test_sure_judgements_do_not_become_equal(monkeypatch):
    model = AloccModel((24, 24), base_channels=2, refine=False)
    monkeypatch.setattr(model, "judge", lambda images: torch.tensor([30.0, 40.0]).view(2, 1, 1, 1))
    scores = model(torch.rand(2, 3, 24, 24)).pred_score
    assert scores[0] > scores[1] > 0


def test_noise_has_the_asked_for_size_and_comes_from_the_generator():
    images = torch.full((2, 3, 64, 64), 0.5)
    noisy = add_noise(images, 0.2, torch.Generator().manual_seed(1))
    assert torch.equal(noisy, add_noise(images, 0.2, torch.Generator().manual_seed(1)))
    assert noisy.std().item() == pytest.approx(0.2, rel=0.05)
    assert noisy.mean().item() == pytest.approx(0.5, abs=0.01)


@pytest.fixture
def alocc():
    model = AloccDR(image_size=32, base_channels=2, seed=0).eval()  # spectral norm's estimates stay as they are
    model._epoch_generator = torch.Generator().manual_seed(3)
    return model


def test_losses_are_the_papers(alocc):
    images = torch.rand(2, 3, 32, 32)
    noisy = add_noise(images, 0.2, torch.Generator().manual_seed(3))
    reconstructions = alocc.model.reconstructor(noisy)
    real, fake = (torch.sigmoid(alocc.model.discriminator(judged)) for judged in (images, reconstructions))
    terms, losses = alocc._losses(images)
    torch.testing.assert_close(terms["reconstruction_loss"], (reconstructions - images).square().mean())
    expected = -fake.log().mean() + 0.4 * F.mse_loss(reconstructions, images)
    torch.testing.assert_close(losses["reconstructor_loss"], expected)
    expected = (-real.log().mean() - (1 - fake).log().mean()) / 2
    torch.testing.assert_close(losses["discriminator_loss"], expected)


@pytest.mark.parametrize("loss", ["reconstructor_loss", "discriminator_loss"])
def test_each_network_learns_by_its_own_loss_alone(alocc, loss):
    alocc._losses(torch.rand(2, 3, 32, 32))[1][loss].backward()
    learns = alocc.model.reconstructor if loss == "reconstructor_loss" else alocc.model.discriminator
    other = alocc.model.discriminator if loss == "reconstructor_loss" else alocc.model.reconstructor
    assert any(parameter.grad is not None and parameter.grad.any() for parameter in learns.parameters())
    assert all(parameter.grad is None for parameter in other.parameters())
    assert all(parameter.requires_grad for parameter in alocc.model.parameters())


def test_what_inference_has_no_use_for_depends_on_the_score():
    assert AloccD(image_size=24, base_channels=2).model.training_only == ("reconstructor",)
    assert AloccDR(image_size=24, base_channels=2).model.training_only == ()
