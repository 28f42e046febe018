# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Gaussian smoothing against kornia's convolutions."""

import pytest
import torch
from kornia.filters import gaussian_blur2d

from anomalib_scadn.scoring.maps import BLOCK, block_kernels, combine_maps, filter_gaussian, smooth


@pytest.mark.parametrize("combine", ["min", "mean", "geometric"])
def test_one_map_is_its_own_combination(combine):
    maps = torch.rand(2, 1, 8, 8) * 1e-8  # logarithms are taken of larger errors only
    assert torch.equal(combine_maps(maps, combine, dim=1), maps[:, 0])


@pytest.mark.parametrize("exporting", [False, True])
@pytest.mark.parametrize("border", ["replicate", "reflect"])
@pytest.mark.parametrize(("window", "width"), [(11, 1.5), (3, 0.3), (25, 4.0)])
def test_smoothing_by_blocks_is_the_convolution(monkeypatch, window, width, border, exporting):
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: exporting)
    maps = torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0))
    expected = gaussian_blur2d(maps, (window, window), (width, width), border_type=border)
    torch.testing.assert_close(filter_gaussian(maps, window, width, border), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("width", [1.0, 8.0])
@pytest.mark.parametrize("shape", [(2, 16, 24), (2, 3, 4, 16, 24)])
def test_graphs_smooth_maps_of_any_number_of_dimensions(monkeypatch, shape, width):
    maps = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    expected = smooth(maps, width)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(smooth(maps, width), expected, atol=1e-6, rtol=0)


def test_a_window_may_be_wider_than_the_map():
    maps = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = gaussian_blur2d(maps, (49, 49), (8.0, 8.0), border_type="replicate")
    torch.testing.assert_close(smooth(maps, 8.0), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("width", [0.0, 0.1, 1e-200])
def test_nothing_is_smoothed_by_less_than_a_pixel(width):
    maps = torch.rand(1, 2, 8, 8)
    assert smooth(maps, width) is maps


def test_weights_of_a_pixel_sum_to_one():
    kernels = block_kernels(25, 4.0)
    assert kernels.shape == (BLOCK, BLOCK + 24)
    torch.testing.assert_close(kernels.sum(dim=1), torch.ones(BLOCK))
    assert (kernels >= 0).all()
