# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scores from composites: images in which every pixel was painted without having been seen.

A composite joins the two passes of complementary masks. S scales and two directions give K = 2 * S of them, each a
whole image, so that neighbourhoods can be compared, not only pixels. An image that is repainted whole has one, K = 1.
Not in the paper.
"""

from typing import Any, ClassVar

import torch
from typing_extensions import Self

from anomalib_scadn.checks import as_tuple, as_widths
from anomalib_scadn.masks import composites

from .base import Score, ScoreOutput
from .checks import check_composite, check_widths
from .errors import ERRORS, ErrorFunction, ErrorName
from .maps import Combine, Pooling, combine_maps, highest_scale, pool_maps, smooth
from .perceptual import BackboneSource, PerceptualError
from .precision import single_precision
from .standardization import Standardization, Standardize


class CompositeScore(Score):
    """Compare an image with its composites.

    In this order: errors of each kind, combined over composites, smoothed by several widths, standardized, the mean
    over kinds, the maximum over widths, pooled. A thin scratch stands out after a narrow one, a faint stain after a
    wide one.

    Args:
        errors (tuple[str, ...]): What is compared, of ``"mse"``, ``"ssim"``, ``"msgms"`` and ``"perceptual"``, see
            :mod:`~anomalib_scadn.scoring.errors`. Several need ``standardize``, or they would not be comparable.
            Defaults to ``("mse", "ssim", "msgms")``.
        combine (Literal["min", "mean", "geometric"]): How the K composites are joined. ``"min"``: an anomaly is what
            no scale can paint; ``"mean"``: what most cannot; ``"geometric"``: between them. Defaults to ``"mean"``.
        standardize (Literal["none", "pixel", "global"]): Whether errors are measured against those of the training
            images, per location or for the whole image. Defaults to ``"pixel"``.
        smoothing (float | tuple[float, ...]): Widths, standard deviations of the Gaussians that smooth the errors, in
            pixels, ascending; 0 for none; the maps of single scales have the first. Several need ``standardize``, or
            the narrowest would be the highest. Defaults to ``(1.0, 2.0, 4.0, 8.0)``.
        pooling (Literal["max", "top", "mean"]): Image score: the map's maximum, the mean of its highest values, or
            its mean. Defaults to ``"max"``.
        top_fraction (float): Share of the pixels that ``"top"`` takes, range (0, 1]. Defaults to ``0.01``.
        backbone (str): timm model of the error ``"perceptual"``. Defaults to ``"resnet18"``.
        backbone_layers (tuple[int, ...]): Its feature levels. Defaults to ``(1, 2, 3)``.
        backbone_weights (str | Path | None): File of its weights; ``"checkpoint"`` if one that is loaded brings them.
            Defaults to ``None``, timm downloads them.

    Raises:
        ValueError: If an option is impossible; the message names the value and the valid ones.

    Example:
        >>> CompositeScore(pooling="mean").options["pooling"]
        'mean'
    """

    exact: ClassVar[bool] = True  # its small differences would vanish in 8 bits
    selects: ClassVar[bool] = False

    def __init__(
        self,
        errors: tuple[ErrorName, ...] = ("mse", "ssim", "msgms"),
        combine: Combine = "mean",
        standardize: Standardize = "pixel",
        smoothing: float | tuple[float, ...] = (1.0, 2.0, 4.0, 8.0),
        pooling: Pooling = "max",
        top_fraction: float = 0.01,
        backbone: str = "resnet18",
        backbone_layers: tuple[int, ...] = (1, 2, 3),
        backbone_weights: BackboneSource = None,
    ) -> None:
        super().__init__()
        self.errors: tuple[ErrorName, ...] = as_tuple(errors=errors)
        self.combine: Combine = combine
        self.standardize: Standardize = standardize
        self.smoothing = as_widths(smoothing)
        self.pooling: Pooling = pooling
        self.top_fraction = top_fraction
        self.backbone = backbone
        self.backbone_layers: tuple[int, ...] = as_tuple(backbone_layers=backbone_layers)
        self.backbone_weights = backbone_weights
        check_composite(self.errors, combine, standardize, self.smoothing, pooling, top_fraction)
        self.standardization: Standardization | None = None
        self.perceptual: PerceptualError | None = None

    def prepare(self, scales: int, size: tuple[int, int]) -> Self:
        """Make mean and spread maps, and the backbone if there is one. See :meth:`Score.prepare`."""
        check_widths(self.smoothing, size)
        self.scales = scales
        if "perceptual" in self.errors:
            source = self.backbone_weights
            self.perceptual = PerceptualError(self.backbone, self.backbone_layers, source, size)
        if self.standardize != "none":
            maps = len(self.smoothing) + (scales if scales > 1 else 0)
            self.standardization = Standardization(len(self.errors), maps, size, self.standardize)
        return self

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
            torch.Tensor: Shape (N, E, J, H, W), see :meth:`condense`.
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
            torch.Tensor: Shape (N, E, J, H, W): all composites combined, smoothed by each of the W widths, then
                the two directions of each of several scales, smoothed by the first; a single scale's map is the
                final one.
        """
        joint = combine_maps(errors, self.combine, dim=2)
        maps = [smooth(joint, width).unsqueeze(2) for width in self.smoothing]
        if self.scales > 1:
            scales = combine_maps(errors.unflatten(2, (self.scales, -1)), self.combine, dim=3)
            maps.append(smooth(scales, self.smoothing[0]))
        return torch.cat(maps, dim=2)

    def judge(self, maps: torch.Tensor) -> ScoreOutput:
        """Standardize maps, join and pool them.

        Args:
            maps (torch.Tensor): What :meth:`measure` gives, shape (N, E, J, H, W).

        Returns:
            ScoreOutput: Maps and scores of the N images.
        """
        if self.standardization is not None:
            maps = self.standardization(maps)
        # Not two slices: a runtime would remove the one that no output of a graph depends on.
        count = len(self.smoothing)
        widths, scale_maps = maps.mean(dim=1).split([count, maps.shape[2] - count], dim=1)
        anomaly_map = widths.amax(dim=1)
        scale_maps = scale_maps if self.scales > 1 else anomaly_map.unsqueeze(1)
        return ScoreOutput(
            pred_score=self.pool(anomaly_map),
            anomaly_map=anomaly_map.unsqueeze(1),
            scale_maps=scale_maps,
            selected_scale=highest_scale(scale_maps),
        )

    def pool(self, anomaly_map: torch.Tensor) -> torch.Tensor:
        """Take the maximum, the mean of the highest values, or the mean. See :meth:`Score.pool`."""
        return pool_maps(anomaly_map, self.pooling, self.top_fraction)

    def statistics(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Sum errors and their squares, shape (2, E, J, H, W). See :meth:`Score.statistics`."""
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
        """(2, E, J, H, W), or (0,) if nothing is standardized."""
        return (0,) if self.standardization is None else self.standardization.statistics_shape

    @property
    def is_fitted(self) -> bool:
        """Whether mean and spread are known, or not needed."""
        return self.standardization is None or self.standardization.is_fitted

    @property
    def options(self) -> dict[str, Any]:
        """Options as plain data; a backbone's weights lie with the reference values, not where they came from."""
        options = super().options
        if "perceptual" in self.errors:
            return options | {"backbone_weights": "checkpoint"}
        return {name: value for name, value in options.items() if not name.startswith("backbone")}

    def _function(self, name: ErrorName) -> ErrorFunction:
        if name != "perceptual":
            return ERRORS[name]
        if self.perceptual is None:
            msg = "the error 'perceptual' needs a backbone, got none"
            raise ValueError(msg)
        return self.perceptual
