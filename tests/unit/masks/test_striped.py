# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Masks against naive loops and the properties that the paper's Fig. 3 asks for."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from anomalib_scadn.masks import (
    composites,
    inference_masks,
    remove,
    stripe_profile,
    striped_masks,
)
from anomalib_scadn.masks.sizes import MASKS_PER_SCALE, count_scales

SIDES = st.integers(1, 12).map(lambda eighths: 8 * eighths)
STRIPE_COUNTS = st.integers(1, 20).map(lambda half: 2 * half)


@st.composite
def sizes_and_scales(draw):
    """A size, mostly not square, and one to four scales that fit into it; stripes need not divide a side."""
    size = (draw(SIDES), draw(SIDES))
    fitting = STRIPE_COUNTS.filter(lambda count: count <= min(size))
    return size, tuple(draw(st.lists(fitting, min_size=1, max_size=4, unique=True)))


def naive_profile(length, stripes):
    """Walk along the axis; the border before stripe k lies at k * length / stripes, rounded half up."""
    profile, stripe = [], 0
    for pixel in range(length):
        while stripe + 1 < stripes and pixel >= floor(Fraction((stripe + 1) * length, stripes) + Fraction(1, 2)):
            stripe += 1
        profile.append(float(stripe % 2))
    return profile


def runs(profile):
    """Lengths of the runs of equal values."""
    changes = np.flatnonzero(np.diff(profile)) + 1
    return np.diff([0, *changes, len(profile)])


@given(st.integers(1, 200), st.integers(2, 40))
def test_profile_equals_a_walk_along_the_axis(length, stripes):
    assume(stripes <= length)
    assert stripe_profile(length, stripes).tolist() == naive_profile(length, stripes)


@given(st.integers(1, 1000), st.integers(2, 64))
def test_profile_has_as_many_stripes_as_asked_and_their_widths_differ_by_at_most_one(length, stripes):
    assume(stripes <= length)
    widths = runs(stripe_profile(length, stripes).numpy())
    assert len(widths) == stripes
    assert widths.max() - widths.min() <= 1
    assert widths.sum() == length


@given(st.integers(2, 300), st.integers(2, 40))
def test_first_stripe_is_removed(length, stripes):
    assume(stripes <= length)
    assert stripe_profile(length, stripes)[0] == 0


def test_profile_of_a_dividing_size_is_exact():
    assert stripe_profile(8, 4).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_profile_border_on_half_a_pixel_is_rounded_up():
    # Borders at 2.5, 5 and 7.5 pixels.
    assert stripe_profile(10, 4).tolist() == [0, 0, 0, 1, 1, 0, 0, 0, 1, 1]


@given(sizes_and_scales())
def test_masks_have_one_channel_four_per_scale_and_two_values(size_and_scales):
    size, stripes = size_and_scales
    masks = striped_masks(size, stripes)
    assert masks.shape == (4 * len(stripes), 1, *size)
    assert masks.dtype == torch.float32
    assert set(masks.unique().tolist()) == {0.0, 1.0}


@given(sizes_and_scales())
def test_second_mask_of_a_pair_is_the_complement_of_the_first(size_and_scales):
    masks = striped_masks(*size_and_scales)
    assert torch.equal(masks[0::2] + masks[1::2], torch.ones_like(masks[0::2]))


@given(sizes_and_scales())
def test_every_pixel_is_removed_by_half_of_a_scales_masks(size_and_scales):
    size, stripes = size_and_scales
    masks = striped_masks(size, stripes)
    removals = (1 - masks).unflatten(0, (len(stripes), MASKS_PER_SCALE)).sum(dim=1)
    assert torch.equal(removals, torch.full((len(stripes), 1, *size), 2.0))


@given(sizes_and_scales())
def test_vertical_stripes_come_before_horizontal_ones(size_and_scales):
    (height, width), stripes = size_and_scales
    masks = striped_masks((height, width), stripes)
    for scale, count in enumerate(stripes):
        vertical, _, horizontal, _ = masks[4 * scale : 4 * scale + 4, 0]
        across, down = (torch.tensor(naive_profile(side, count)) for side in (width, height))
        assert torch.equal(vertical, across.repeat(height, 1))
        assert torch.equal(horizontal, down.repeat(width, 1).T)


@given(sizes_and_scales())
def test_first_pixel_is_removed_by_the_first_mask_of_each_direction(size_and_scales):
    masks = striped_masks(*size_and_scales)
    assert masks[0::2, 0, 0, 0].eq(0).all()
    assert masks[1::2, 0, 0, 0].eq(1).all()


def test_scales_keep_the_order_they_are_named_in():
    named = striped_masks((64, 48), (8, 2))
    assert torch.equal(named[:4], striped_masks((64, 48), (8,)))
    assert torch.equal(named[4:], striped_masks((64, 48), (2,)))


def test_default_scales_are_the_papers():
    assert torch.equal(striped_masks((64, 64)), striped_masks((64, 64), (4, 8, 16)))


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_authors_scale_n_has_stripes_as_wide_as_half_an_nth_of_the_image(scale):
    vertical = striped_masks((64, 64), (2 * scale,))[0, 0]
    assert runs(vertical[0].numpy()).tolist() == [64 // (2 * scale)] * (2 * scale)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((20, 64), r"height.* got 20; nearest valid: 16 or 24$"),
        ((64, 511), r"width.* got 511; nearest valid: 504 or 512$"),
        ((4, 64), r"height.* got 4; nearest valid: 8$"),
        ((64, 0), r"width.* got 0; nearest valid: 8$"),
    ],
)
def test_impossible_side_is_named_with_its_nearest_valid_ones(size, message):
    with pytest.raises(ValueError, match=message):
        striped_masks(size, (4,))


@pytest.mark.parametrize(
    ("stripes", "message"),
    [
        ((), r"at least one scale"),
        ((4, 8, 4), r"once, got \(4, 8, 4\)$"),
        ((4, 5), r"got 5; nearest valid: 4 or 6$"),
        ((1,), r"got 1; nearest valid: 2$"),
        ((0,), r"got 0; nearest valid: 2$"),
        ((-7,), r"got -7; nearest valid: 2$"),
        ((34,), r"34 stripes across 32 pixels .* nearest valid: 32 stripes, or an image side of at least 40 pixels$"),
    ],
)
def test_impossible_stripes_are_named_with_their_nearest_valid_ones(stripes, message):
    with pytest.raises(ValueError, match=message):
        striped_masks((32, 64), stripes)


@pytest.mark.parametrize("fill", [0.0, 0.25, 1.0])
def test_removed_pixels_are_filled_and_kept_ones_are_untouched(fill):
    images = torch.rand(2, 3, 16, 24)
    masks = striped_masks((16, 24), (4,))[1:3]
    result = remove(images, masks, fill)
    for image in range(2):
        for channel in range(3):
            for row in range(16):
                for column in range(24):
                    kept = masks[image, 0, row, column] == 1
                    expected = images[image, channel, row, column] if kept else fill
                    assert result[image, channel, row, column] == expected


def test_removed_pixels_are_zero_by_default():
    images, masks = torch.rand(1, 3, 8, 8) + 0.1, striped_masks((8, 8), (2,))[:1]
    assert torch.equal(remove(images, masks), images * masks)


def test_removal_takes_one_image_through_all_masks():
    images, masks = torch.rand(2, 3, 16, 16), striped_masks((16, 16), (2, 4))
    result = remove(images.unsqueeze(1), masks, 1.0)
    assert result.shape == (2, 8, 3, 16, 16)
    for number, mask in enumerate(masks):
        assert torch.equal(result[:, number], remove(images, mask, 1.0))


@pytest.mark.parametrize(("size", "stripes"), [((16, 16), (2, 4, 8)), ((8, 24), (6, 4)), ((24, 16), (10,))])
def test_composite_takes_each_pixel_from_the_pass_in_which_it_was_removed(size, stripes):
    masks = striped_masks(size, stripes)
    reconstructions = torch.rand(2, len(masks), 3, *size)
    result = composites(reconstructions, masks)
    assert result.shape == (2, len(stripes), 2, 3, *size)
    for scale in range(len(stripes)):
        for direction in range(2):
            first = 4 * scale + 2 * direction
            for row in range(size[0]):
                for column in range(size[1]):
                    (source,) = [j for j in (first, first + 1) if masks[j, 0, row, column] == 0]
                    expected = reconstructions[:, source, :, row, column]
                    assert torch.equal(result[:, scale, direction, :, row, column], expected)


@pytest.mark.parametrize("stripes", [(4,), (4, 8, 16)])
def test_asked_once_one_mask_keeps_everything(stripes):
    assert torch.equal(inference_masks((24, 32), stripes, "once"), torch.ones(1, 1, 24, 32))
    assert torch.equal(inference_masks((24, 32), stripes), striped_masks((24, 32), stripes))
    assert count_scales(stripes, "once") == 1
    assert count_scales(stripes, "striped") == len(stripes)


def test_a_whole_image_is_its_own_composite():
    painted = torch.rand(2, 1, 3, 24, 32)
    assert torch.equal(composites(painted, inference_masks((24, 32), (4,), "once"))[:, 0, 0], painted[:, 0])
