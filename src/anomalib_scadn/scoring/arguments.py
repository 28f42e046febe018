# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a composite score may be asked for."""

from collections.abc import Sequence
from math import inf
from typing import get_args

from .combination import Combine, Pooling
from .similarity import ERRORS, ErrorName
from .standardization import Standardize


def check_composite(
    errors: Sequence[ErrorName],
    combine: Combine,
    standardize: Standardize,
    smoothing: Sequence[float],
    pooling: Pooling,
    top_fraction: float,
    shortest_side: float,
) -> None:
    """Raise unless these are arguments of a :class:`~anomalib_scadn.scoring.CompositeScore`.

    Args:
        errors (Sequence[str]): See there, as all that follow.
        combine (str): See there.
        standardize (str): See there.
        smoothing (Sequence[float]): See there.
        pooling (str): See there.
        top_fraction (float): See there.
        shortest_side (float): The shorter of height and width in pixels.

    Raises:
        ValueError: If one is impossible; the message names the value and the valid ones.
    """
    known = (*ERRORS, "perceptual")
    if not errors or len(set(errors)) != len(errors) or not set(errors) <= set(known):
        msg = f"errors must name each of some of {', '.join(known)} once, got {list(errors)}"
        raise ValueError(msg)
    if standardize not in get_args(Standardize):
        msg = f"standardize must be 'none', 'pixel' or 'global', got {standardize!r}"
        raise ValueError(msg)
    if len(errors) > 1 and standardize == "none":
        msg = f"errors of several kinds ({', '.join(errors)}) can be joined only if standardize is 'pixel' or 'global'"
        raise ValueError(msg)
    if combine not in get_args(Combine):
        msg = f"combine must be 'min', 'mean' or 'geometric', got {combine!r}"
        raise ValueError(msg)
    if not smoothing:
        msg = "smoothing must have at least one width, 0 for none, got an empty list"
        raise ValueError(msg)
    if not all(0 <= width < inf for width in smoothing) or list(smoothing) != sorted(set(smoothing)):
        msg = f"smoothing must be ascending widths in pixels, at least 0, got {smoothing}"
        raise ValueError(msg)
    if 3 * smoothing[-1] > shortest_side:
        msg = f"smoothing must be at most a third of the shorter side, {shortest_side} pixels long, got {smoothing}"
        raise ValueError(msg)
    if len(smoothing) > 1 and standardize == "none":
        msg = f"maps of several widths ({smoothing}) can be joined only if standardize is 'pixel' or 'global'"
        raise ValueError(msg)
    if pooling not in get_args(Pooling):
        msg = f"pooling must be 'max', 'top' or 'mean', got {pooling!r}"
        raise ValueError(msg)
    if type(top_fraction) not in (int, float) or not 0 < top_fraction <= 1:
        msg = f"top_fraction must be a number in (0, 1], got {top_fraction!r}"
        raise ValueError(msg)
