# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""From many maps to one, from a map to a number, and Gaussian smoothing.

Smoothing goes along rows and along columns, in blocks of neighbouring pixels. All maps lie side by side, so a block is
the product of a small matrix and a long one, which is read where it lies. A convolution that makes pixel by pixel has
a single channel, which leaves a processor idle; a product of matrices as large as the maps has mostly zeros to
multiply. Runtimes of graphs copy what torch reads where it lies. There a block is what a convolution makes, with a
channel for each of its pixels. For a window narrower than a block most weights of a block are zeros, so there each map
is a channel of a depthwise convolution.
"""

from functools import cache
from math import exp
from typing import Literal

import torch
from torch.nn import functional as F  # noqa: N812

Combine = Literal["min", "mean", "geometric"]
Pooling = Literal["max", "top", "mean"]
Border = Literal["replicate", "reflect"]

BLOCK = 16
"""Neighbouring pixels that are smoothed at once."""

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
    if maps.shape[dim] == 1:
        return maps.squeeze(dim)
    if combine == "min":
        return maps.amin(dim=dim)
    if combine == "mean":
        return maps.mean(dim=dim)
    return maps.clamp(min=SMALLEST_ERROR).log().mean(dim=dim).exp()


def pool_maps(maps: torch.Tensor, pooling: Pooling, top_fraction: float) -> torch.Tensor:
    """Make one number of each map.

    Args:
        maps (torch.Tensor): Shape (N, ..., P).
        pooling (Literal["max", "top", "mean"]): The maximum, the mean of the highest values, or the mean.
        top_fraction (float): Share of the pixels that ``"top"`` takes, range (0, 1].

    Returns:
        torch.Tensor: Shape (N,).
    """
    values = maps.flatten(1)
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


def block_kernels(window: int, width: float) -> torch.Tensor:
    """Weights of Gaussian smoothing for a block of neighbouring pixels.

    Args:
        window (int): Pixels that the Gaussian is cut off at, an odd number.
        width (float): Its standard deviation in pixels.

    Returns:
        torch.Tensor: Shape (BLOCK, BLOCK + window - 1), float32; row i has the weights of the smoothed pixel i and sums
            to 1.
    """
    outside = (0.0,) * (BLOCK - 1)
    kernel = torch.tensor((*outside, *_gaussian(window, width), *outside))
    return kernel.unfold(0, BLOCK + window - 1, 1).flip(0)


@cache
def _gaussian(window: int, width: float) -> tuple[float, ...]:
    """Weights of a Gaussian around a pixel, the sum is 1. Numbers, since a tensor would belong to an export's trace."""
    weights = [exp(-((place - window // 2) ** 2) / (2 * width**2)) for place in range(window)]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def filter_gaussian(maps: torch.Tensor, window: int, width: float, border: Border) -> torch.Tensor:
    """Weigh each pixel's neighbourhood by a Gaussian.

    Args:
        maps (torch.Tensor): Shape (N, ..., H, W).
        window (int): As in :func:`block_kernels`; for ``"reflect"`` at most H - 15 and W - 15.
        width (float): As in :func:`block_kernels`.
        border (Literal["replicate", "reflect"]): What lies outside: the border pixel, or what lies inside, mirrored.

    Returns:
        torch.Tensor: Same shape.
    """
    if torch.compiler.is_exporting() and window < BLOCK:
        return _convolve_maps(maps, window, width, border)
    height, columns = maps.shape[-2:]
    half, kernels = window // 2, block_kernels(window, width).to(maps)
    padding = (half, half + -columns % BLOCK, half, half + -height % BLOCK)
    padded = F.pad(maps.flatten(0, -3).unsqueeze(1), padding, mode=border)
    filter_blocks = _convolve_blocks if torch.compiler.is_exporting() else _multiply
    return filter_blocks(padded, kernels)[:, :height, :columns].reshape(maps.shape)


def _multiply(padded: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Filter by products of matrices, in torch the faster way: shape (M, 1, h, w) -> (M, H, W)."""
    # Along a row: (B, M * h, window) @ (window, BLOCK), where B blocks lie beside each other and their windows overlap.
    maps, rows = padded.squeeze(1), padded.flatten(0, 2)
    windows = rows.unfold(1, kernels.shape[1], BLOCK).transpose(0, 1)
    blocks = torch.bmm(windows, kernels.T.expand(windows.shape[0], -1, -1))
    # All maps side by side, (h, M * W); then along a column: (BLOCK, window) @ (B, window, M * W).
    columns = blocks.unflatten(1, maps.shape[:2]).permute(2, 1, 0, 3).flatten(1)
    windows = columns.unfold(0, kernels.shape[1], BLOCK).transpose(1, 2)
    smoothed = torch.bmm(kernels.expand(windows.shape[0], -1, -1), windows).flatten(0, 1)
    return smoothed.unflatten(1, (maps.shape[0], -1)).transpose(0, 1)


def _convolve_blocks(padded: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Filter by convolutions with a channel for each pixel of a block: runtimes would copy overlapping windows."""
    columns = F.conv2d(padded, kernels[:, None, :, None], stride=(BLOCK, 1)).transpose(1, 2).flatten(1, 2)
    blocks = F.conv2d(columns.unsqueeze(1), kernels[:, None, None, :], stride=(1, BLOCK))
    return blocks.permute(0, 2, 3, 1).flatten(2)


def _convolve_maps(maps: torch.Tensor, window: int, width: float, border: Border) -> torch.Tensor:
    """Filter by depthwise convolutions with a channel for each map; kornia's blur may choose other operations."""
    half, kernel = window // 2, torch.tensor(_gaussian(window, width)).to(maps)
    channels = maps.reshape(maps.shape[0], -1, *maps.shape[-2:])
    kernels = kernel.repeat(channels.shape[1], 1, 1)
    padded = F.pad(channels, (half, half, half, half), mode=border)
    columns = F.conv2d(padded, kernels.unsqueeze(-1), groups=len(kernels))
    return F.conv2d(columns, kernels.unsqueeze(-2), groups=len(kernels)).reshape(maps.shape)


def smooth(maps: torch.Tensor, width: float) -> torch.Tensor:
    """Smooth maps by a Gaussian, the border pixels repeated.

    Args:
        maps (torch.Tensor): Shape (N, ..., H, W).
        width (float): Its standard deviation in pixels; 0 for none. It is cut off at three of them.

    Returns:
        torch.Tensor: Same shape.
    """
    window = 2 * round(3 * width) + 1
    return filter_gaussian(maps, window, width, "replicate") if window > 1 else maps
