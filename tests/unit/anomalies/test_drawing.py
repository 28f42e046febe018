# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Anomalies drawn into images."""

import pytest
import torch

from anomalib_scadn.anomalies import FILLINGS, SHAPES, draw_anomalies

SIZE = (64, 48)


def images(count=8):
    return torch.rand(count, 3, *SIZE, generator=torch.Generator().manual_seed(5))


def draw(normal, seed=0, **options):
    return draw_anomalies(normal, torch.Generator().manual_seed(seed), **options)


def test_images_change_only_where_the_mask_says_so():
    normal = images()
    found, masks = draw(normal)
    assert found.shape == normal.shape
    assert masks.shape == (8, 1, *SIZE)
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    changed = (found - normal).abs()
    # What is hardly visible does not count: less than a tenth of another value.
    assert (changed * masks).max() <= 0.1
    assert ((changed * (1 - masks)).amax(dim=(1, 2, 3)) > 0).all()
    assert (found >= 0).all()
    assert (found <= 1).all()


def test_the_given_images_stay_as_they_are():
    normal = images()
    before = normal.clone()
    draw(normal)
    assert torch.equal(normal, before)


def test_a_seed_gives_the_same_anomalies_and_nothing_else_is_drawn_from():
    state = torch.get_rng_state()
    first, second, third = draw(images()), draw(images()), draw(images(), seed=1)
    assert torch.equal(first.images, second.images)
    assert not torch.equal(first.images, third.images)
    assert torch.equal(torch.get_rng_state(), state)


def test_more_anomalies_cover_more():
    one, many = (draw(images(64), most=most).masks.mean() for most in (1, 6))
    assert many < one


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("filling", FILLINGS)
def test_every_kind_can_be_drawn_alone(shape, filling):
    found, masks = draw(images(), shapes=[shape], fillings=[filling], most=1)
    assert not torch.equal(found, images())
    assert 0.3 < masks.mean() < 1


def test_a_kind_that_is_switched_off_does_not_come():
    flat = torch.full((64, 1, *SIZE), 0.5)
    found, _ = draw(flat, fillings=["blur"])
    torch.testing.assert_close(found, flat)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shapes": ["star"]}, r"shapes must be some of blob, ellipse, line, got \['star'\]"),
        ({"fillings": []}, r"fillings must be some of patch, light, colour, blur, got \[\]"),
        ({"shapes": "line"}, "shapes must be some of blob, ellipse, line, got 'line'"),
        ({"most": 0}, "most must be a whole number, at least 1, got 0"),
    ],
)
def test_impossible_kinds_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        draw(images(), **options)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.zeros(3, *SIZE), r"images must be .* of shape \(N, C, H, W\), got torch.float32, \(3, "),
        (torch.zeros(1, 3, *SIZE, dtype=torch.uint8), r"images must be floating-point .*, got torch.uint8"),
    ],
)
def test_other_things_than_images_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        draw(given)


def test_a_batch_of_one_and_an_empty_one_are_taken():
    assert draw(images(1)).images.shape == (1, 3, *SIZE)
    assert draw(images(0)).images.shape == (0, 3, *SIZE)


def test_anomalies_are_the_same_where_networks_run_in_half_precision():
    normal = images()
    with torch.autocast("cpu", torch.bfloat16):
        found = draw(normal, fillings=["patch"])
    assert torch.equal(found.images, draw(normal, fillings=["patch"]).images)
