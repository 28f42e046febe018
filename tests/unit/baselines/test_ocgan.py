# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""OCGAN: mining, losses, and who learns from what."""

import pytest
import torch

from anomalib_scadn.baselines import Ocgan
from anomalib_scadn.baselines.base import add_noise
from anomalib_scadn.baselines.mining import mine
from anomalib_scadn.networks import apply

JUDGES = ("latent_discriminator", "visual_discriminator", "classifier")


def test_mining_takes_the_steps_of_a_loop_over_single_images():
    weights = torch.randn(3, 4)
    latents = 2 * torch.rand(5, 3, 4) - 1

    def judge(values):
        return ((values * weights) ** 2).sum(dim=-1)  # three logits for each image

    expected = []
    for latent in latents:
        moved = latent.clone()
        for _ in range(3):
            logits = ((moved * weights) ** 2).sum(dim=-1)
            slope = torch.sigmoid(logits)[:, None] * 2 * moved * weights**2 / 3  # of the mean of -log(1 - sigmoid)
            moved = (moved - 0.1 * slope / slope.square().mean().sqrt()).clamp(-1, 1)
        expected.append(moved)
    found = mine(latents, judge, steps=3, step_size=0.1)
    torch.testing.assert_close(found, torch.stack(expected))
    assert not found.requires_grad


def test_mining_finds_what_the_classifier_finds_less_real_and_stays_in_the_latent_space():
    latents = 2 * torch.rand(4, 6) - 1
    found = mine(latents, lambda values: values.sum(dim=1, keepdim=True), steps=50, step_size=0.1)
    assert torch.equal(found, torch.full((4, 6), -1.0))


def test_mining_finds_the_same_in_half_precision_however_many_patches_there_are():
    latents, weights = 2 * torch.rand(2, 8) - 1, 1e-5 * torch.randn(8, 1000)

    def judge(values, precision):
        return values.to(precision) @ weights.to(precision)  # half of it holds nothing below 6e-8

    expected = mine(latents, lambda values: judge(values, torch.float32))
    found = mine(latents, lambda values: judge(values, torch.float16))
    assert (expected - latents).abs().mean() > 0.1
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0)


def test_without_steps_or_without_a_slope_nothing_moves():
    latents = 2 * torch.rand(4, 6) - 1
    assert torch.equal(mine(latents, lambda values: values, steps=0), latents)
    assert torch.equal(mine(latents, lambda values: 0 * values, steps=2), latents)


@pytest.fixture
def ocgan():
    model = Ocgan(image_size=24, base_channels=2, latent_channels=3, seed=0).eval()
    model._epoch_generator = torch.Generator().manual_seed(3)
    return model


def test_the_latent_space_is_bounded_and_the_score_is_the_mean_squared_error(ocgan):
    images = torch.rand(2, 3, 24, 24)
    latents = ocgan.model.encode(images)
    assert latents.shape == (2, 3, 3, 3)
    assert latents.abs().max() < 1
    assert (latents < 0).any()
    output = ocgan.model(images)
    errors = (ocgan.model.decode(latents) - images).square()
    torch.testing.assert_close(output.anomaly_map, errors.mean(dim=1, keepdim=True))
    torch.testing.assert_close(output.pred_score, errors.mean(dim=(1, 2, 3)))


def log_loss(probabilities, real):
    return -(probabilities if real else 1 - probabilities).log().mean()


def test_losses_are_the_papers(ocgan):
    images, generator = torch.rand(2, 3, 24, 24), torch.Generator().manual_seed(3)
    model = ocgan.model
    encoded = model.encode(add_noise(images, 0.2, generator))
    samples = 2 * torch.rand(encoded.shape, generator=generator) - 1
    mined = mine(samples, lambda latents: model.classifier(model.decode(latents)))
    assert (mined - samples).abs().mean() > 0.05
    reconstructions, fakes = model.decode(encoded), model.decode(samples)

    def judge(name, values):
        return torch.sigmoid(apply(getattr(model, name), values))

    expected = {
        "autoencoder_loss": log_loss(judge(JUDGES[0], encoded), real=True)
        + log_loss(judge(JUDGES[1], model.decode(mined)), real=True)
        + 10 * (reconstructions - images).square().mean()
    }
    examples = ((samples, encoded), (images, fakes), (reconstructions, fakes))
    for name, (real, fake) in zip(JUDGES, examples, strict=True):
        expected[f"{name}_loss"] = (
            log_loss(judge(name, real), real=True) + log_loss(judge(name, fake), real=False)
        ) / 2
    losses = ocgan._losses(images)[1]
    assert list(losses) == list(expected)
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, msg=name)


@pytest.mark.parametrize("learner", ["autoencoder", *JUDGES])
def test_each_network_learns_by_its_own_loss_alone(ocgan, learner):
    ocgan._losses(torch.rand(2, 3, 24, 24))[1][f"{learner}_loss"].backward()
    for name, network in ocgan.model.named_children():
        gradients = [parameter.grad for parameter in network.parameters()]
        if name == learner:
            assert any(gradient is not None and gradient.any() for gradient in gradients)
        else:
            assert all(gradient is None for gradient in gradients), name
    assert all(parameter.requires_grad for parameter in ocgan.model.parameters())


def test_losses_and_optimizers_are_in_the_same_order(ocgan):
    names = [name.removesuffix("_loss") for name in ocgan._losses(torch.rand(2, 3, 24, 24))[1]]
    learners = [network for network, _ in ocgan._learners()]
    assert learners == [getattr(ocgan.model, name) for name in names]


def test_samples_fill_the_latent_space_evenly_whatever_the_precision(ocgan, monkeypatch):
    drawn = []
    monkeypatch.setattr(ocgan, "_mine", lambda samples: drawn.append(samples) or samples)
    ocgan.model.to(torch.bfloat16)
    ocgan._losses(torch.rand(400, 3, 24, 24))
    samples = drawn[0]
    assert samples.dtype == torch.float32
    assert -1 <= samples.min() < -0.999 < 0.999 < samples.max() < 1
    assert len(samples.unique()) > 0.99 * samples.numel()
    torch.testing.assert_close(samples.histc(10, -1, 1) / samples.numel(), torch.full((10,), 0.1), atol=0.02, rtol=0)
