# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Gaussian smoothing as two matrix products.

A convolution's work grows with the width of the Gaussian, a product's with the side of the maps: several wide Gaussians
over maps of some hundred pixels are faster as products.
"""

from typing import Literal

import torch
from kornia.filters import get_gaussian_kernel1d
from torch.nn import functional as F  # noqa: N812

Border = Literal["replicate", "reflect"]


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
