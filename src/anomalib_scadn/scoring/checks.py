# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Checks of the options of a composite score."""

from collections.abc import Sequence
from math import inf
from typing import get_args

from anomalib_scadn.checks import check_choice

from .errors import ERRORS, ErrorName
from .maps import Combine, Pooling
from .standardization import Standardize


def check_composite(
    errors: Sequence[ErrorName],
    combine: Combine,
    standardize: Standardize,
    smoothing: Sequence[float],
    pooling: Pooling,
    top_fraction: float,
) -> None:
    """Raise unless these are arguments of a :class:`~anomalib_scadn.scoring.CompositeScore`.

    Args:
        errors (Sequence[str]): See there, as all that follow.
        combine (str): See there.
        standardize (str): See there.
        smoothing (Sequence[float]): See there.
        pooling (str): See there.
        top_fraction (float): See there.

    Raises:
        ValueError: If one is impossible; the message names the value and the valid ones.
    """
    known = (*ERRORS, "perceptual")
    if not errors or len(set(errors)) != len(errors) or not set(errors) <= set(known):
        msg = f"errors must name each of some of {', '.join(known)} once, got {list(errors)}"
        raise ValueError(msg)
    check_choice(get_args(Standardize), standardize=standardize)
    if len(errors) > 1 and standardize == "none":
        msg = f"errors of several kinds ({', '.join(errors)}) can be joined only if standardize is 'pixel' or 'global'"
        raise ValueError(msg)
    check_choice(get_args(Combine), combine=combine)
    if not smoothing:
        msg = "smoothing must have at least one width, 0 for none, got an empty list"
        raise ValueError(msg)
    if not all(0 <= width < inf for width in smoothing) or list(smoothing) != sorted(set(smoothing)):
        msg = f"smoothing must be ascending widths in pixels, at least 0, got {smoothing}"
        raise ValueError(msg)
    if len(smoothing) > 1 and standardize == "none":
        msg = f"maps of several widths ({smoothing}) can be joined only if standardize is 'pixel' or 'global'"
        raise ValueError(msg)
    check_choice(get_args(Pooling), pooling=pooling)
    if type(top_fraction) not in (int, float) or not 0 < top_fraction <= 1:
        msg = f"top_fraction must be a number in (0, 1], got {top_fraction!r}"
        raise ValueError(msg)


def check_widths(smoothing: Sequence[float], size: tuple[int, int]) -> None:
    """Raise unless Gaussians of these widths fit into the maps.

    Args:
        smoothing (Sequence[float]): Widths in pixels, ascending.
        size (tuple[int, int]): Height and width of the maps in pixels.

    Raises:
        ValueError: If the widest is more than a third of the shorter side.
    """
    if 3 * smoothing[-1] > min(size):
        msg = f"smoothing must be at most a third of the shorter side, {min(size)} pixels long, got {tuple(smoothing)}"
        raise ValueError(msg)
