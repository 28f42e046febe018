# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import cv2
import numpy as np
import pytest

from anomalib_scadn.deploy import find_regions
from anomalib_scadn.deploy.ignoring import fit_mask, read_ignore_mask


def fill(contour, shape):
    """Mark the pixels whose centres lie inside a polygon, by the rule of even and odd crossings."""
    across, down = np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5)
    inside = np.zeros(shape, dtype=bool)
    for (x0, y0), (x1, y1) in zip(contour, (*contour[1:], contour[0]), strict=True):
        crosses = (y0 > down) != (y1 > down)
        if y0 != y1:
            inside ^= crosses & (across < x0 + (down - y0) / (y1 - y0) * (x1 - x0))
    return inside


@pytest.mark.parametrize("seed", range(8))
def test_contours_enclose_just_the_pixels_of_their_regions(seed):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(40, 60)), (0, 0), 0.5 + seed / 4)
    mask = noise > np.quantile(noise, 0.9)
    # Holes are not in an outline.
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    expected = cv2.drawContours(np.zeros_like(mask, dtype=np.uint8), outlines, -1, 1, cv2.FILLED) > 0
    regions = find_regions(mask, noise)
    filled = sum(fill(region.contour, mask.shape) for region in regions)
    assert np.array_equal(filled > 0, expected)
    assert sum(region.area for region in regions) == mask.sum()
    assert [region.pred_score for region in regions] == sorted((r.pred_score for r in regions), reverse=True)
    for region in regions:
        corners = np.array(region.contour)
        assert (corners.min(axis=0) >= (region.x, region.y)).all()
        assert (corners.max(axis=0) <= (region.x + region.width, region.y + region.height)).all()


def test_small_regions_are_left_out_and_none_are_none():
    mask = np.zeros((8, 8), dtype=bool)
    assert find_regions(mask, mask.astype(float)) == ()
    mask[1, 1] = mask[4:6, 4:6] = True
    assert [region.area for region in find_regions(mask, mask.astype(float), min_area=4)] == [4]


def test_masks_are_fitted_and_those_that_leave_nothing_refused():
    ignored = read_ignore_mask(np.array([[0, 7], [0, 0]]))
    assert np.array_equal(fit_mask(ignored, 4, 4), np.kron(ignored, np.ones((2, 2), dtype=bool)))
    with pytest.raises(ValueError, match=r"ignore_mask must have shape \(H, W\) and a pixel that is 0"):
        read_ignore_mask(np.ones((4, 4)))
    with pytest.raises(ValueError, match=r"cannot read nowhere\.png"):
        read_ignore_mask("nowhere.png")
