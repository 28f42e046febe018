# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""From a score's name and arguments to the score."""

import logging
from collections.abc import Mapping, Sequence
from inspect import signature
from math import inf
from typing import Any, Literal, get_args

from .arguments import check_composite
from .base import Score
from .combination import Combine, Pooling
from .composite import CompositeScore
from .paper import Merge, PaperScore
from .perceptual import BackboneSource, PerceptualError
from .similarity import ErrorName
from .standardization import Standardize

logger = logging.getLogger(__name__)

ScoreName = Literal["paper", "composite"]


def build_score(
    score: ScoreName = "paper",
    *,
    scales: int,
    size: tuple[int, int],
    merge: Merge = "max",
    subtract_reference: bool = True,
    errors: Sequence[ErrorName] = ("mse", "ssim", "msgms"),
    combine: Combine = "mean",
    standardize: Standardize = "pixel",
    smoothing: Sequence[float] = (1.0, 2.0, 4.0, 8.0),
    pooling: Pooling = "max",
    top_fraction: float = 0.01,
    backbone: str = "resnet18",
    backbone_layers: Sequence[int] = (1, 2, 3),
    backbone_weights: BackboneSource = None,
) -> Score:
    """Make a score by its name.

    Args:
        score (Literal["paper", "composite"]): Name of the score. Defaults to ``"paper"``.
        scales (int): S, number of mask scales.
        size (tuple[int, int]): Height and width of the images in pixels.
        merge (Literal["max", "mean"]): See :class:`PaperScore`. Defaults to ``"max"``.
        subtract_reference (bool): See :class:`PaperScore`. Defaults to ``True``.
        errors (Sequence[Literal["mse", "ssim", "msgms", "perceptual"]]): See :class:`CompositeScore`, as all that
            follow. Defaults to ``("mse", "ssim", "msgms")``.
        combine (Literal["min", "mean", "geometric"]): Defaults to ``"mean"``.
        standardize (Literal["none", "pixel", "global"]): Defaults to ``"pixel"``.
        smoothing (Sequence[float]): In pixels, ascending. Defaults to ``(1.0, 2.0, 4.0, 8.0)``.
        pooling (Literal["max", "top", "mean"]): Defaults to ``"max"``.
        top_fraction (float): Range (0, 1]. Defaults to ``0.01``.
        backbone (str): See :class:`PerceptualError`. Defaults to ``"resnet18"``.
        backbone_layers (Sequence[int]): See :class:`PerceptualError`. Defaults to ``(1, 2, 3)``.
        backbone_weights (str | Path | None): See :class:`PerceptualError`. Defaults to ``None``.

    Returns:
        Score: The score, not fitted.

    Raises:
        FileNotFoundError: If there is no file of the backbone's weights.
        ValueError: If the name or an argument is unknown.
    """
    if score not in get_args(ScoreName):
        msg = f"unknown score {score!r}; known: 'paper', 'composite'"
        raise ValueError(msg)
    # What the other score takes is checked too, all but its size: a mistake should not wait until it is chosen.
    paper = PaperScore(scales, merge, subtract_reference=subtract_reference)
    shortest_side = inf if score == "paper" else min(size)
    check_composite(errors, combine, standardize, smoothing, pooling, top_fraction, shortest_side)
    of_paper: dict[str, Any] = {"merge": merge, "subtract_reference": subtract_reference}
    of_composite: dict[str, Any] = {
        "errors": tuple(errors),
        "combine": combine,
        "standardize": standardize,
        "smoothing": tuple(smoothing),
        "pooling": pooling,
        "top_fraction": top_fraction,
        "backbone": backbone,
        "backbone_layers": tuple(backbone_layers),
    }
    _warn_of_unheeded(score, of_composite if score == "paper" else of_paper)
    if score == "paper":
        return paper
    perceptual = PerceptualError(backbone, backbone_layers, backbone_weights, size) if "perceptual" in errors else None
    return CompositeScore(
        scales, size, errors, combine, standardize, smoothing, pooling, top_fraction, perceptual=perceptual
    )


def _warn_of_unheeded(score: ScoreName, others: Mapping[str, Any]) -> None:
    """Say which arguments of the other score were given, since they change nothing."""
    defaults = signature(build_score).parameters
    given = [f"{name}={value!r}" for name, value in others.items() if value != defaults[name].default]
    if given:
        logger.warning("score=%r does not heed %s: only the other score does.", score, ", ".join(given))
