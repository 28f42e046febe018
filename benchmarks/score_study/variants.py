# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The scores that are compared, by name."""

from collections.abc import Sequence
from typing import Any

SINGLE = ("mse", "ssim", "msgms")
JOINT = (("mse", "ssim"), ("mse", "msgms"), ("mse", "ssim", "msgms"))
ALL_THREE = JOINT[-1]


def make_variants(smoothing: Sequence[float], *, perceptual: bool) -> dict[str, dict[str, Any]]:
    """List the composite scores to compare.

    Args:
        smoothing (Sequence[float]): Widths of the Gaussians in pixels, at least three.
        perceptual (bool): Whether the perceptual error is compared, too.

    Returns:
        dict[str, dict[str, Any]]: Arguments of the score (``errors``, ``combine``, ``standardize``, ``pooling``,
            ``smoothing``, ``top_fraction``) by a name that says them: all widths are joined where it names none.

    Raises:
        ValueError: If there are fewer than three widths.
    """
    kinds = [(name,) for name in (*SINGLE, "perceptual")[: 4 if perceptual else 3]]
    joint = [*JOINT, (*ALL_THREE, "perceptual")][: 4 if perceptual else 3]
    combinations = ("mean", "geometric", "min")
    every = tuple(smoothing)
    if len(every) < 3:
        msg = f"scores are compared with three widths at least, got {every}"
        raise ValueError(msg)
    whole_images = [("mse",), *joint[2:]]
    asked = [
        *((errors, combine, "pixel", "max", every) for errors in (*kinds, *joint) for combine in combinations),
        *((errors, "mean", "global", "max", every) for errors in (*kinds, *joint)),
        *((errors, "mean", "pixel", pooling, every) for errors in whole_images for pooling in ("top", "mean")),
        *((errors, "mean", "pixel", "max", (width,)) for errors in (*kinds, ALL_THREE) for width in every),
        *((errors, combine, "none", "max", (every[2],)) for errors in kinds for combine in combinations),
    ]
    return dict(_variant(*values, every) for values in asked)


def _variant(
    errors: tuple[str, ...],
    combine: str,
    standardize: str,
    pooling: str,
    smoothing: tuple[float, ...],
    every: tuple[float, ...],
) -> tuple[str, dict[str, Any]]:
    arguments = {"errors": errors, "combine": combine, "standardize": standardize, "pooling": pooling}
    name = f"{'+'.join(errors)}, {combine}, {standardize}, {pooling}"
    if smoothing != every:
        name += f", width {every.index(smoothing[0]) + 1}"
    return name, {**arguments, "smoothing": smoothing, "top_fraction": 0.01}
