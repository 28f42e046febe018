# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scores from composites: images in which every pixel was painted without having been seen.

A composite joins the two passes of complementary masks. S scales and two directions give K = 2 * S of them, each a
whole image, so that neighbourhoods can be compared, not only pixels. Not in the paper.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from kornia.filters import gaussian_blur2d

from anomalib_scadn.masks import composites

from .arguments import Combine, Pooling, check_composite
from .base import Score, ScoreOutput
from .perceptual import PerceptualError
from .similarity import ERRORS, ErrorFunction, ErrorName
from .standardization import Standardization, Standardize

SMALLEST_ERROR = 1e-7
"""What smaller errors count as where logarithms are taken."""

DIRECTIONS = 2
"""Vertical and horizontal stripes."""


def highest_scale(scale_maps: torch.Tensor) -> torch.Tensor:
    """Find the scale whose map reaches the highest value.

    Args:
        scale_maps (torch.Tensor): Shape (N, S, H, W).

    Returns:
        torch.Tensor: Shape (N,), int64; the first of equal scales.
    """
    return scale_maps.amax(dim=(-2, -1)).argmax(dim=1)


class CompositeScore(Score):
    """Compare an image with its composites.

    In this order: errors of each kind, smoothed, standardized, the mean over kinds, combined over composites, pooled.

    Args:
        scales (int): S, number of mask scales.
        size (tuple[int, int]): Height and width of the images in pixels.
        errors (Sequence[Literal["mse", "ssim", "msgms", "perceptual"]]): Kinds of errors, see
            :mod:`~anomalib_scadn.scoring.similarity`. Several need ``standardize``, or they would not be comparable.
        combine (Literal["min", "mean", "geometric"]): How the K composites are joined. ``"min"``: an anomaly is what
            no scale can paint; ``"mean"``: what most cannot; ``"geometric"``: between them, without ``standardize``
            only.
        standardize (Literal["none", "pixel", "global"]): See :class:`Standardization`.
        smoothing (float): Standard deviation of the Gaussian that smooths the errors, in pixels; 0 for none.
        pooling (Literal["max", "top", "mean"]): Image score: the map's maximum, the mean of its highest values, or
            its mean.
        top_fraction (float): Share of the pixels that ``"top"`` takes, range (0, 1].
        perceptual (PerceptualError | None): What computes the error ``"perceptual"``. Defaults to ``None``.

    Raises:
        ValueError: If an argument is impossible; the message names the value and the valid ones.
    """

    def __init__(
        self,
        scales: int,
        size: tuple[int, int],
        errors: Sequence[ErrorName],
        combine: Combine,
        standardize: Standardize,
        smoothing: float,
        pooling: Pooling,
        top_fraction: float,
        perceptual: PerceptualError | None = None,
    ) -> None:
        super().__init__()
        check_composite(errors, combine, standardize, smoothing, pooling, top_fraction, min(size))
        self.errors = tuple(errors)
        self.combine = combine
        self.smoothing = smoothing
        self.pooling = pooling
        self.top_fraction = top_fraction
        self.standardize = standardize
        self.perceptual = perceptual
        if standardize == "none":
            self.standardization = None
        else:
            self.standardization = Standardization(len(self.errors), DIRECTIONS * scales, size, standardize)

    def forward(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> ScoreOutput:
        """Score images. See :meth:`Score.forward`.

        ``scale_maps`` combine the two directions of each scale, the final map combines them; ``selected_scale`` is
        the one that reaches the highest value.
        """
        return self.judge(self.measure(images, reconstructions, masks))

    def measure(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Compute all kinds of errors of all composites, smoothed.

        Args:
            images (torch.Tensor): As in :meth:`forward`.
            reconstructions (torch.Tensor): As in :meth:`forward`.
            masks (torch.Tensor): As in :meth:`forward`.

        Returns:
            torch.Tensor: Shape (N, E, K, H, W).
        """
        # Small differences of large numbers: never in the low precision that the generator may run in.
        with nullcontext() if torch.compiler.is_exporting() else torch.autocast(images.device.type, enabled=False):
            painted = composites(reconstructions.float(), masks.float()).flatten(1, 2)
            maps = [self._smooth(self._function(name)(images.float(), painted)) for name in self.errors]
            return torch.stack(maps, dim=1)

    def judge(self, errors: torch.Tensor) -> ScoreOutput:
        """Standardize errors, combine and pool them.

        Args:
            errors (torch.Tensor): What :meth:`measure` gives, shape (N, E, K, H, W).

        Returns:
            ScoreOutput: Maps and scores of the N images.
        """
        if self.standardization is not None:
            errors = self.standardization(errors)
        scale_maps = self._combine(errors.mean(dim=1).unflatten(1, (-1, DIRECTIONS)), dim=2)
        anomaly_map = self._combine(scale_maps, dim=1)
        return ScoreOutput(
            pred_score=self._pool(anomaly_map),
            anomaly_map=anomaly_map.unsqueeze(1),
            scale_maps=scale_maps,
            selected_scale=highest_scale(scale_maps),
        )

    def statistics(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Sum errors and their squares, shape (2, E, K, H, W). See :meth:`Score.statistics`."""
        if self.standardization is None:
            return images.new_zeros(0)
        return self.standardization.statistics(self.measure(images, reconstructions, masks))

    def fit(self, total: torch.Tensor, count: int) -> None:
        """Take over mean and spread of the errors. See :meth:`Score.fit`."""
        if count < 1:
            msg = f"reference values need at least one normal image, got {count}"
            raise ValueError(msg)
        if not torch.isfinite(total).all():
            msg = f"errors of normal images must be finite, got others among {count} images"
            raise ValueError(msg)
        if self.standardization is not None:
            self.standardization.fit(total, count)

    def reset(self) -> None:
        """Forget mean and spread."""
        if self.standardization is not None:
            self.standardization.reset()

    @property
    def statistics_shape(self) -> tuple[int, ...]:
        """(2, E, K, H, W), or (0,) if nothing is standardized."""
        return (0,) if self.standardization is None else self.standardization.statistics_shape

    @property
    def is_fitted(self) -> bool:
        """Whether mean and spread are known, or not needed."""
        return self.standardization is None or self.standardization.is_fitted

    @property
    def arguments(self) -> dict[str, Any]:
        """See :attr:`Score.arguments`."""
        own = ("combine", "standardize", "smoothing", "pooling", "top_fraction")
        arguments = {"score": "composite", "errors": list(self.errors), **{name: getattr(self, name) for name in own}}
        return arguments if self.perceptual is None else {**arguments, **self.perceptual.arguments}

    def _function(self, name: ErrorName) -> ErrorFunction:
        if name != "perceptual":
            return ERRORS[name]
        if self.perceptual is None:
            msg = "the error 'perceptual' needs a backbone, got none"
            raise ValueError(msg)
        return self.perceptual

    def _smooth(self, maps: torch.Tensor) -> torch.Tensor:
        if not self.smoothing:
            return maps
        window = 2 * round(3 * self.smoothing) + 1
        return gaussian_blur2d(maps, (window, window), (self.smoothing, self.smoothing), border_type="replicate")

    def _combine(self, maps: torch.Tensor, dim: int) -> torch.Tensor:
        if self.combine == "min":
            return maps.amin(dim=dim)
        if self.combine == "mean":
            return maps.mean(dim=dim)
        return maps.clamp(min=SMALLEST_ERROR).log().mean(dim=dim).exp()

    def _pool(self, maps: torch.Tensor) -> torch.Tensor:
        values = maps.flatten(-2)
        if self.pooling == "max":
            return values.amax(dim=-1)
        if self.pooling == "mean":
            return values.mean(dim=-1)
        return values.topk(max(1, round(self.top_fraction * values.shape[-1])), dim=-1).values.mean(dim=-1)
