# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""From many maps to one, and from a map to a number."""

from typing import Literal

import torch

Combine = Literal["min", "mean", "geometric"]
Pooling = Literal["max", "top", "mean"]

SMALLEST_ERROR = 1e-7
"""What smaller errors count as where logarithms are taken."""


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
