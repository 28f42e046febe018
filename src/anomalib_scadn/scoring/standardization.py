# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Mean and spread of errors on normal images, a reference in the spirit of mu_i (SCADN Eq. 9)."""

from typing import Literal

import torch
from torch import nn

Standardize = Literal["none", "pixel", "global"]

SHARED_VARIANCE = 0.8
"""Share that the mean variance has in every pixel's: few images tell a pixel's mean better than its spread, and none
may be divided by almost nothing."""

SMALLEST_SPREAD = 0.01
"""Spread that an error has at least, as a share of its mean."""


class Standardization(nn.Module):
    """Subtract the usual error and divide by its usual spread.

    Args:
        errors (int): E, number of kinds of errors.
        maps (int): J, number of maps of each kind.
        size (tuple[int, int]): Height and width of the maps in pixels.
        kind (Literal["pixel", "global"]): ``"pixel"`` has a mean and a spread of its own for each location, for
            objects that lie alike in every image; ``"global"`` one for the whole image, for textures.

    Attributes:
        mean (torch.Tensor): Buffer of shape (E, J, H, W), or (E, J, 1, 1) if global; 0 until fitted.
        spread (torch.Tensor): Buffer of the same shape; 1 until fitted.
        fitted (torch.Tensor): Buffer, whether mean and spread are those of normal images.
    """

    mean: torch.Tensor
    spread: torch.Tensor
    fitted: torch.Tensor

    def __init__(self, errors: int, maps: int, size: tuple[int, int], kind: Standardize) -> None:
        super().__init__()
        self.statistics_shape = (2, errors, maps, *size)
        shape = (errors, maps, *(size if kind == "pixel" else (1, 1)))
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("spread", torch.ones(shape))
        self.register_buffer("fitted", torch.zeros((), dtype=torch.bool))

    def forward(self, errors: torch.Tensor) -> torch.Tensor:
        """Standardize; without reference values nothing is changed.

        Args:
            errors (torch.Tensor): Shape (N, E, J, H, W).

        Returns:
            torch.Tensor: Shape (N, E, J, H, W), about 0 with a spread of about 1 on normal images.
        """
        return (errors - self.mean).div_(self.spread)  # in place: memory costs more than the division

    def statistics(self, errors: torch.Tensor) -> torch.Tensor:
        """Sum errors and their squares over images.

        Args:
            errors (torch.Tensor): Shape (N, E, J, H, W).

        Returns:
            torch.Tensor: Shape (2, E, J, H, W), float64 on the CPU.
        """
        # The variance is a difference of squares, so here single precision would not do even for one batch.
        errors = errors.cpu().double()
        return torch.stack([errors.sum(dim=0), errors.square().sum(dim=0)])

    def fit(self, total: torch.Tensor, count: int) -> None:
        """Take over mean and spread.

        Args:
            total (torch.Tensor): Sum of :meth:`statistics` over all images.
            count (int): Number of images, at least 1.
        """
        mean, square = total / count
        if self.mean.shape[-1] == 1:
            mean, square = mean.mean(dim=(-2, -1), keepdim=True), square.mean(dim=(-2, -1), keepdim=True)
        variance = (square - mean.square()).clamp(min=0.0)
        variance = variance.lerp(variance.mean(dim=(-2, -1), keepdim=True), SHARED_VARIANCE)
        self.mean.copy_(mean)
        # One image has no spread, and a flat one that is painted perfectly not even an error.
        floor = SMALLEST_SPREAD * mean.mean(dim=(-2, -1), keepdim=True) + torch.finfo(self.spread.dtype).eps
        self.spread.copy_(torch.maximum(variance.sqrt(), floor))
        self.fitted.copy_(torch.ones_like(self.fitted))

    def reset(self) -> None:
        """Forget mean and spread."""
        self.mean.zero_()
        self.spread.fill_(1.0)
        self.fitted.zero_()

    @property
    def is_fitted(self) -> bool:
        """Whether mean and spread are known."""
        return bool(self.fitted)
