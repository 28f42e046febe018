# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Losses against SCADN Eq. 2 and 3 written as loops, and the stop before a broken step."""

import math

import pytest
import torch
from skimage.metrics import structural_similarity

from anomalib_scadn.loss import (
    NonFiniteLossError,
    adversarial_loss,
    check_finite,
    discriminator_loss,
    reconstruction_loss,
    structural_loss,
)
from anomalib_scadn.masks import striped_masks


def draw(seed=0):
    """Reconstructions, images and masks of different kinds."""
    generator = torch.Generator().manual_seed(seed)
    reconstructions, images = (torch.rand(3, 3, 8, 16, generator=generator) for _ in range(2))
    return reconstructions, images, striped_masks((8, 16), (4,))[[0, 3, 1]]


def naive_reconstruction_loss(reconstructions, images, masks, lambda_rm):
    total, values = 0.0, 0
    for n in range(images.shape[0]):
        for channel in range(images.shape[1]):
            for row in range(images.shape[2]):
                for column in range(images.shape[3]):
                    weight = 1 + lambda_rm * (1 - float(masks[n, 0, row, column]))
                    error = float(reconstructions[n, channel, row, column]) - float(images[n, channel, row, column])
                    total += weight * error**2
                    values += 1
    return total / values


@pytest.mark.parametrize("lambda_rm", [0.0, 1.0, 3.0, 10.0])
def test_reconstruction_loss_equals_equation_2_averaged(lambda_rm):
    reconstructions, images, masks = draw()
    loss = reconstruction_loss(reconstructions, images, masks, lambda_rm)
    assert loss.shape == ()
    assert float(loss) == pytest.approx(naive_reconstruction_loss(reconstructions, images, masks, lambda_rm), rel=1e-5)


def test_removed_pixels_weigh_four_times_as_much_by_default():
    images = torch.zeros(1, 3, 8, 8)
    mask = striped_masks((8, 8), (2,))[:1]
    removed = reconstruction_loss((1 - mask).expand(-1, 3, -1, -1), images, mask)
    kept = reconstruction_loss(mask.expand(-1, 3, -1, -1), images, mask)
    assert float(removed) == pytest.approx(2.0)
    assert float(kept) == pytest.approx(0.5)


def test_twice_the_loss_is_the_authors_when_half_of_each_image_is_removed():
    reconstructions, images, masks = draw(seed=1)
    removed = 1 - masks
    squared = (reconstructions - images) ** 2
    authors = ((squared * masks).mean() + 4 * (squared * removed).mean()) / removed.mean()
    assert float(removed.mean()) == 0.5
    torch.testing.assert_close(2 * reconstruction_loss(reconstructions, images, masks), authors)


def test_reconstruction_loss_of_equal_images_is_zero():
    _, images, masks = draw()
    assert reconstruction_loss(images, images, masks) == 0


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def test_adversarial_loss_is_minus_the_log_of_the_judgement_averaged():
    logits = torch.randn(2, 1, 3, 4)
    expected = [-math.log(sigmoid(value)) for value in logits.flatten().tolist()]
    assert float(adversarial_loss(logits)) == pytest.approx(sum(expected) / len(expected), rel=1e-5)


def test_adversarial_loss_falls_when_the_painting_looks_real():
    assert adversarial_loss(torch.tensor([5.0])) < adversarial_loss(torch.tensor([-5.0]))


def test_adversarial_loss_is_not_saturated_at_a_sure_discriminator():
    logits = torch.tensor([-30.0], requires_grad=True)
    adversarial_loss(logits).backward()
    assert float(logits.grad) == pytest.approx(-1.0, abs=1e-4)


def test_discriminator_loss_is_the_mean_of_the_real_and_the_painted_term():
    real, fake = torch.randn(2, 1, 3, 4), torch.randn(3, 1, 2, 2)
    real_terms = [-math.log(sigmoid(value)) for value in real.flatten().tolist()]
    fake_terms = [-math.log(1 - sigmoid(value)) for value in fake.flatten().tolist()]
    expected = (sum(real_terms) / len(real_terms) + sum(fake_terms) / len(fake_terms)) / 2
    assert float(discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-5)


def test_discriminator_loss_tells_real_from_painted():
    sure, wrong = torch.tensor([8.0]), torch.tensor([-8.0])
    assert discriminator_loss(sure, wrong) < 0.001
    assert discriminator_loss(wrong, sure) > 5


def test_extreme_logits_give_finite_losses():
    extreme = torch.tensor([-1e4, 1e4])
    assert torch.isfinite(adversarial_loss(extreme))
    assert torch.isfinite(discriminator_loss(extreme, extreme))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_losses_of_low_precision_inputs_are_computed_in_float32(dtype):
    reconstructions, images, masks = draw()
    reconstructions = reconstructions.to(dtype)
    loss = reconstruction_loss(reconstructions, images, masks)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, reconstruction_loss(reconstructions.float(), images, masks))
    real, fake = torch.randn(50).to(dtype), torch.randn(50).to(dtype)
    assert adversarial_loss(fake).dtype == discriminator_loss(real, fake).dtype == torch.float32
    assert torch.equal(adversarial_loss(fake), adversarial_loss(fake.float()))
    assert torch.equal(discriminator_loss(real, fake), discriminator_loss(real.float(), fake.float()))


def test_losses_stay_float32_inside_autocast():
    reconstructions, images, masks = draw()
    outside = reconstruction_loss(reconstructions.bfloat16(), images, masks)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = reconstruction_loss(reconstructions.bfloat16(), images, masks)
        judged = discriminator_loss(torch.randn(4).bfloat16(), torch.randn(4).bfloat16())
    assert inside.dtype == judged.dtype == torch.float32
    assert torch.equal(inside, outside)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_broken_term_is_named_with_its_step_and_good_terms_are_not(value):
    with pytest.raises(NonFiniteLossError, match=rf"step 17: broken_loss = {value}\.") as caught:
        check_finite("step 17", good_loss=torch.tensor(1.0), broken_loss=torch.tensor(value))
    assert "good_loss" not in str(caught.value)


def test_all_broken_terms_are_named():
    with pytest.raises(NonFiniteLossError, match=r"step 3: first = nan, second = inf\."):
        check_finite(
            "step 3", first=torch.tensor(float("nan")), fine=torch.tensor(0.0), second=torch.tensor(float("inf"))
        )


def test_finite_terms_pass_and_keep_their_graph():
    term = torch.tensor(2.0, requires_grad=True)
    loss = term.square()
    check_finite("step 0", loss=loss, huge=torch.tensor(3e38), low=torch.tensor(-1.0, dtype=torch.bfloat16))
    loss.backward()
    assert float(term.grad) == 4.0


def test_structural_loss_is_one_minus_the_similarity_of_what_was_painted_in():
    generator = torch.Generator().manual_seed(4)
    images = torch.rand(2, 3, 24, 32, generator=generator)
    painted = torch.rand(2, 3, 24, 32, generator=generator)
    masks = torch.ones(2, 1, 24, 32)
    masks[..., 8:16] = 0
    joined = images.clone()
    joined[..., 8:16] = painted[..., 8:16]
    each = [
        structural_similarity(
            images[n].double().numpy(),
            joined[n].double().numpy(),
            channel_axis=0,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )[1].mean()
        for n in range(2)
    ]
    assert float(structural_loss(painted, images, masks)) == pytest.approx(1 - sum(each) / 2, abs=2e-3)


def test_structural_loss_does_not_see_what_was_kept():
    images = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(5))
    assert float(structural_loss(torch.zeros_like(images), images, torch.ones(1, 1, 24, 24))) == pytest.approx(
        0, abs=1e-6
    )
