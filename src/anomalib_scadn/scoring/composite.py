# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scores from composites: images in which every pixel was painted without having been seen.

A composite joins the two passes of complementary masks. S scales and two directions give K = 2 * S of them, each a
whole image, so that neighbourhoods can be compared, not only pixels. Not in the paper.
"""

from collections.abc import Sequence
from typing import Any

import torch

from anomalib_scadn.masks import composites
from anomalib_scadn.precision import single_precision

from .arguments import check_composite
from .base import Score, ScoreOutput
from .combination import Combine, Pooling, combine_maps, pool_maps
from .perceptual import PerceptualError
from .similarity import ERRORS, ErrorFunction, ErrorName
from .smoothing import smooth
from .standardization import Standardization, Standardize

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

    In this order: errors of each kind, combined over composites, smoothed by several widths, standardized, the mean
    over kinds, the maximum over widths, pooled. A thin scratch stands out after a narrow one, a faint stain after a
    wide one.

    Args:
        scales (int): S, number of mask scales.
        size (tuple[int, int]): Height and width of the images in pixels.
        errors (Sequence[Literal["mse", "ssim", "msgms", "perceptual"]]): Kinds of errors, see
            :mod:`~anomalib_scadn.scoring.similarity`. Several need ``standardize``, or they would not be comparable.
        combine (Literal["min", "mean", "geometric"]): How the K composites are joined. ``"min"``: an anomaly is what
            no scale can paint; ``"mean"``: what most cannot; ``"geometric"``: between them.
        standardize (Literal["none", "pixel", "global"]): See :class:`Standardization`.
        smoothing (Sequence[float]): Widths, standard deviations of the Gaussians that smooth the errors, in pixels; 0
            for none, ascending; the maps of single scales have the first. Several need ``standardize``, or the
            narrowest would be the highest.
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
        smoothing: Sequence[float],
        pooling: Pooling,
        top_fraction: float,
        perceptual: PerceptualError | None = None,
    ) -> None:
        super().__init__()
        check_composite(errors, combine, standardize, smoothing, pooling, top_fraction, min(size))
        self.errors = tuple(errors)
        self.combine = combine
        self.smoothing = tuple(smoothing)
        self.scales = scales
        self.pooling = pooling
        self.top_fraction = top_fraction
        self.standardize = standardize
        self.perceptual = perceptual
        if standardize == "none":
            self.standardization = None
        else:
            self.standardization = Standardization(len(self.errors), len(self.smoothing) + scales, size, standardize)

    def forward(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> ScoreOutput:
        """Score images. See :meth:`Score.forward`.

        ``scale_maps`` combine the two directions of each scale, smoothed by the first width; ``selected_scale`` is
        the one that reaches the highest value.
        """
        return self.judge(self.measure(images, reconstructions, masks))

    def measure(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Compute all that is measured against normal images.

        Args:
            images (torch.Tensor): As in :meth:`forward`.
            reconstructions (torch.Tensor): As in :meth:`forward`.
            masks (torch.Tensor): As in :meth:`forward`.

        Returns:
            torch.Tensor: Shape (N, E, W + S, H, W), see :meth:`condense`.
        """
        # Small differences of large numbers: never in the low precision that the generator may run in.
        with single_precision(images.device.type):
            return self.condense(self.compare(images, reconstructions, masks))

    def compare(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Compute all kinds of errors of all composites, in single precision if there is no autocast.

        Args:
            images (torch.Tensor): As in :meth:`forward`.
            reconstructions (torch.Tensor): As in :meth:`forward`.
            masks (torch.Tensor): As in :meth:`forward`.

        Returns:
            torch.Tensor: Shape (N, E, K, H, W).
        """
        painted = composites(reconstructions.float(), masks.float()).flatten(1, 2)
        return torch.stack([self._function(name)(images.float(), painted) for name in self.errors], dim=1)

    def condense(self, errors: torch.Tensor) -> torch.Tensor:
        """Combine errors over composites, and smooth them.

        Args:
            errors (torch.Tensor): What :meth:`compare` gives, shape (N, E, K, H, W).

        Returns:
            torch.Tensor: Shape (N, E, W + S, H, W): all composites combined, smoothed by each of the W widths, then
                the two directions of each scale, smoothed by the first.
        """
        joint = combine_maps(errors, self.combine, dim=2)
        scales = combine_maps(errors.unflatten(2, (-1, DIRECTIONS)), self.combine, dim=3)
        first = smooth(torch.cat([joint.unsqueeze(2), scales], dim=2), self.smoothing[0])
        wider = [smooth(joint, width).unsqueeze(2) for width in self.smoothing[1:]]
        return torch.cat([first[:, :, :1], *wider, first[:, :, 1:]], dim=2)

    def judge(self, maps: torch.Tensor) -> ScoreOutput:
        """Standardize maps, join and pool them.

        Args:
            maps (torch.Tensor): What :meth:`measure` gives, shape (N, E, W + S, H, W).

        Returns:
            ScoreOutput: Maps and scores of the N images.
        """
        if self.standardization is not None:
            maps = self.standardization(maps)
        widths, scale_maps = maps.mean(dim=1).split([len(self.smoothing), self.scales], dim=1)
        anomaly_map = widths.amax(dim=1)
        return ScoreOutput(
            pred_score=pool_maps(anomaly_map, self.pooling, self.top_fraction),
            anomaly_map=anomaly_map.unsqueeze(1),
            scale_maps=scale_maps,
            selected_scale=highest_scale(scale_maps),
        )

    def statistics(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Sum errors and their squares, shape (2, E, W + S, H, W). See :meth:`Score.statistics`."""
        if self.standardization is None:
            return torch.zeros(0, dtype=torch.double)
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
        """(2, E, W + S, H, W), or (0,) if nothing is standardized."""
        return (0,) if self.standardization is None else self.standardization.statistics_shape

    @property
    def is_fitted(self) -> bool:
        """Whether mean and spread are known, or not needed."""
        return self.standardization is None or self.standardization.is_fitted

    @property
    def arguments(self) -> dict[str, Any]:
        """See :attr:`Score.arguments`."""
        lists = {"errors": list(self.errors), "smoothing": list(self.smoothing)}
        own = ("combine", "standardize", "pooling", "top_fraction")
        arguments = {"score": "composite", **lists, **{name: getattr(self, name) for name in own}}
        return arguments if self.perceptual is None else {**arguments, **self.perceptual.arguments}

    def _function(self, name: ErrorName) -> ErrorFunction:
        if name != "perceptual":
            return ERRORS[name]
        if self.perceptual is None:
            msg = "the error 'perceptual' needs a backbone, got none"
            raise ValueError(msg)
        return self.perceptual
