# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The authors' numbers: same weights, same images, same results."""

import json

import numpy as np
import pytest
import torch

from anomalib_scadn.loss import adversarial_loss, discriminator_loss, reconstruction_loss
from anomalib_scadn.masks import remove
from anomalib_scadn.torch_model import ScadnModel
from anomalib_scadn.training.official_weights import rename_discriminator_keys, rename_generator_keys


def official_state(shapes, base, vectors):
    """Draw a state dict from its seed; the vectors of the spectral norm are stored."""
    state = {}
    for index, key in enumerate(sorted(shapes)):
        if key.endswith(("weight_u", "weight_v")):
            state[key] = torch.from_numpy(vectors[f"uv.{key}"])
        else:
            drawn = np.random.RandomState(base + index).standard_normal(shapes[key])
            state[key] = torch.from_numpy((drawn.astype(np.float32) * 0.02).astype(np.float32))
    return state


@pytest.fixture(scope="module")
def model(official_keys, golden_vectors):
    """The authors' networks, as released by them: removed pixels are white."""
    model = ScadnModel((64, 64), mask_fill=1.0, seed=0).eval()
    seed = int(golden_vectors["seed"])
    generator = official_state(official_keys["generator"], seed, golden_vectors)
    model.generator.load_state_dict(rename_generator_keys(generator))
    discriminator = official_state(official_keys["discriminator"], seed + 1000, golden_vectors)
    model.discriminator.load_state_dict(rename_discriminator_keys(discriminator))
    return model


def as_images(array):
    return torch.from_numpy(array).permute(0, 3, 1, 2).float() / 255


@pytest.fixture(scope="module")
def images(golden_vectors):
    return as_images(golden_vectors["test"])


@pytest.fixture(scope="module")
def reconstructions(model, images):
    with torch.no_grad():
        return model.reconstruct(images)


@pytest.fixture(scope="module")
def fitted(model, golden_vectors):
    """The score, with mu from the authors' training images."""
    train = as_images(golden_vectors["train"])
    with torch.no_grad():
        model.scorer.fit(model.statistics(train), len(train))
    return model.scorer


def test_masks_are_the_authors_inverted(model, golden_vectors):
    assert np.array_equal(1 - model.masks.numpy(), golden_vectors["masks"])


def test_generator_paints_what_the_authors_generator_paints(reconstructions, golden_vectors):
    np.testing.assert_allclose(reconstructions.numpy(), golden_vectors["generator_out"], atol=2e-5, rtol=0)


def test_discriminator_judges_as_the_authors_discriminator(model, images, golden_vectors):
    with torch.no_grad():
        judgement = model.discriminator(images).sigmoid()
    np.testing.assert_allclose(judgement.numpy(), golden_vectors["disc_out"], atol=1e-5, rtol=0)


def test_reference_values_are_the_authors(fitted, golden_vectors):
    np.testing.assert_allclose(fitted.mu.numpy(), golden_vectors["mu"], atol=1e-5, rtol=1e-4)


def test_maps_and_scores_are_the_authors(model, fitted, images, reconstructions, golden_vectors):
    output = fitted(images, reconstructions, model.masks)
    assert np.array_equal(output.selected_scale.numpy(), golden_vectors["selected"])
    np.testing.assert_allclose(output.scale_maps.numpy(), golden_vectors["scale_maps"], atol=1e-5, rtol=0)
    np.testing.assert_allclose(output.anomaly_map.numpy()[:, 0], golden_vectors["final_map"], atol=1e-5, rtol=0)
    np.testing.assert_allclose(output.pred_score.numpy(), golden_vectors["score"], atol=1e-5, rtol=1e-4)


def test_vectors_tell_the_scales_apart(golden_vectors):
    assert len(set(golden_vectors["selected"].tolist())) > 1


def test_losses_and_gradient_of_a_training_step_are_the_authors(model, images, golden_vectors):
    logs = json.loads(str(golden_vectors["logs"]))
    masks = 1 - torch.from_numpy(golden_vectors["train_step_masks"]).float()
    fakes = model.generator(remove(images, masks, fill=1.0))
    real_logits, fake_logits = model.discriminator(images), model.discriminator(fakes)
    rec = 2 * reconstruction_loss(fakes, images, masks, lambda_rm=3.0)
    adv = 0.001 * adversarial_loss(fake_logits)
    assert discriminator_loss(real_logits, fake_logits).item() == pytest.approx(logs["l_dis"], rel=1e-4)
    assert rec.item() == pytest.approx(logs["l_l1"], rel=1e-4)
    assert adv.item() == pytest.approx(logs["l_gen_gan"], rel=1e-4)
    assert (rec + adv).item() == pytest.approx(logs["l_gen_sum"], rel=1e-4)
    gradients = torch.autograd.grad(rec + adv, list(model.generator.parameters()))
    norm = torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()
    assert norm.item() == pytest.approx(float(golden_vectors["gen_grad_norm"]), rel=1e-4)
