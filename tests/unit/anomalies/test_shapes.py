# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Stencils of anomalies: where they are, how large, and how they depend on the size of the image."""

import pytest
import torch

from anomalib_scadn.anomalies import shapes
from anomalib_scadn.anomalies.shapes import LARGEST_RADIUS, SHAPES, THICKEST_LINE, draw_stencils

SIZE = (64, 96)


def stencils(shape, size=SIZE, count=64, seed=0):
    kinds = torch.zeros(count, dtype=torch.long)
    return draw_stencils(kinds, [shape], size, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_stencil_is_an_opacity_with_an_inside_and_an_outside(shape):
    found = stencils(shape)
    assert found.shape == (64, 1, *SIZE)
    assert (found >= 0).all()
    assert (found <= 1).all()
    covered = (found > 0.5).float().mean(dim=(1, 2, 3))
    assert (covered > 0).float().mean() > 0.9  # a few lie beyond the border
    assert (covered < 0.5).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_seed_gives_the_same_stencils(shape):
    assert torch.equal(stencils(shape, seed=3), stencils(shape, seed=3))
    assert not torch.equal(stencils(shape, seed=3), stencils(shape, seed=4))


@pytest.mark.parametrize("shape", ["ellipse", "line"])
def test_lengths_grow_with_the_image(shape):
    small, large = (stencils(shape, (side, side)).gt(0.5).float().mean().item() for side in (64, 256))
    assert small == pytest.approx(large, rel=0.1)


def test_no_ellipse_is_larger_than_its_radii_say():
    radius = LARGEST_RADIUS * min(SIZE) / 128
    assert stencils("ellipse", count=256).gt(0.5).sum(dim=(1, 2, 3)).max() <= torch.pi * (radius + 1) ** 2


def test_lines_are_thin():
    inside = torch.nn.functional.avg_pool2d((stencils("line", (128, 128)) > 0.5).float(), 2 * int(THICKEST_LINE) + 1, 1)
    assert inside.max() < 0.9


def test_kinds_are_drawn_as_they_are_asked_for():
    kinds = torch.tensor([0, 1] * 32)
    generator = torch.Generator().manual_seed(0)
    found = draw_stencils(kinds, ["line", "ellipse"], (128, 128), generator).gt(0.5).float().mean(dim=(1, 2, 3))
    assert found[kinds == 1].max() > 2 * found[kinds == 0].max()


@pytest.mark.parametrize("side", [24, 32, 128])
def test_soft_edges_are_softer_than_sharp_ones_in_small_images_too(monkeypatch, side):
    partly = []
    for share in (0.0, 1.0):
        monkeypatch.setattr(shapes, "SOFT_SHARE", share)
        found = stencils("ellipse", (side, side), count=256)
        partly.append(((found > 0) & (found < 1)).sum().item())
    assert partly[1] > 1.4 * partly[0]
