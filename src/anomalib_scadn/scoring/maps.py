# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""From many maps to one, from a map to a number, and Gaussian smoothing as two matrix products.

A convolution's work grows with the width of the Gaussian, a product's with the side of the maps: several wide Gaussians
over maps of some hundred pixels are faster as products.
"""

from typing import Literal

import torch
from kornia.filters import get_gaussian_kernel1d
from torch.nn import functional as F  # noqa: N812

Combine = Literal["min", "mean", "geometric"]
Pooling = Literal["max", "top", "mean"]
Border = Literal["replicate", "reflect"]

SMALLEST_ERROR = 1e-7
"""Lower bound of errors before logarithms are taken."""


def combine_maps(maps: torch.Tensor, combine: Combine, dim: int) -> torch.Tensor:
    """Join maps pixel by pixel.

    Args:
        maps (torch.Tensor): Errors, not negative, any shape.
        combine (Literal["min", "mean", "geometric"]): The least, the mean, or the geometric mean.
        dim (int): Dimension that is joined.

    Returns:
        torch.Tensor: The shape without that dimension.
    """
    if combine == "min":
        return maps.amin(dim=dim)
    if combine == "mean":
        return maps.mean(dim=dim)
    return maps.clamp(min=SMALLEST_ERROR).log().mean(dim=dim).exp()


def pool_maps(maps: torch.Tensor, pooling: Pooling, top_fraction: float) -> torch.Tensor:
    """Make one number of each map.

    Args:
        maps (torch.Tensor): Shape (N, H, W).
        pooling (Literal["max", "top", "mean"]): The maximum, the mean of the highest values, or the mean.
        top_fraction (float): Share of the pixels that ``"top"`` takes, range (0, 1].

    Returns:
        torch.Tensor: Shape (N,).
    """
    values = maps.flatten(-2)
    if pooling == "max":
        return values.amax(dim=-1)
    if pooling == "mean":
        return values.mean(dim=-1)
    return values.topk(max(1, round(top_fraction * values.shape[-1])), dim=-1).values.mean(dim=-1)


def highest_scale(scale_maps: torch.Tensor) -> torch.Tensor:
    """Find the scale whose map reaches the highest value.

    Args:
        scale_maps (torch.Tensor): Shape (N, S, H, W).

    Returns:
        torch.Tensor: Shape (N,), int64; the first of equal scales.
    """
    return scale_maps.amax(dim=(-2, -1)).argmax(dim=1)


def gaussian_matrix(length: int, window: int, width: float, border: Border) -> torch.Tensor:
    """Weights of Gaussian smoothing along one axis.

    Args:
        length (int): Pixels along the axis; for ``"reflect"`` more than half of the window.
        window (int): Pixels that the Gaussian is cut off at, an odd number.
        width (float): Its standard deviation in pixels.
        border (Literal["replicate", "reflect"]): What lies outside: the border pixel, or what lies inside, mirrored.

    Returns:
        torch.Tensor: Shape (length, length), float32 on the CPU, where what is added to a place keeps its order; row i
            has the weights of the smoothed pixel i and sums to 1.
    """
    pixels = torch.arange(length, dtype=torch.float32)[None, None]
    sources = F.pad(pixels, (window // 2, window // 2), mode=border)[0, 0].long().unfold(0, window, 1)
    kernel = get_gaussian_kernel1d(window, width).expand(length, window)
    return torch.zeros(length, length).scatter_add(1, sources, kernel)


def filter_gaussian(maps: torch.Tensor, window: int, width: float, border: Border) -> torch.Tensor:
    """Weigh each pixel's neighbourhood by a Gaussian.

    Args:
        maps (torch.Tensor): Shape (..., H, W).
        window (int): As in :func:`gaussian_matrix`.
        width (float): As in :func:`gaussian_matrix`.
        border (Literal["replicate", "reflect"]): As in :func:`gaussian_matrix`.

    Returns:
        torch.Tensor: Same shape.
    """
    rows, columns = maps.shape[-2:]
    lengths = {rows, columns}  # once for a square
    matrix = {length: gaussian_matrix(length, window, width, border).to(maps) for length in lengths}
    return matrix[rows] @ maps @ matrix[columns].T


def smooth(maps: torch.Tensor, width: float) -> torch.Tensor:
    """Smooth maps by a Gaussian, the border pixels repeated.

    Args:
        maps (torch.Tensor): Shape (..., H, W).
        width (float): Its standard deviation in pixels; 0 for none. It is cut off at three of them.

    Returns:
        torch.Tensor: Same shape.
    """
    return filter_gaussian(maps, 2 * round(3 * width) + 1, width, "replicate") if width else maps
