# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The scores that are compared, by name."""

from typing import Any

SINGLE = ("mse", "ssim", "msgms")
JOINT = (("mse", "ssim"), ("mse", "msgms"), ("mse", "ssim", "msgms"))


def make_variants(*, perceptual: bool) -> dict[str, dict[str, Any]]:
    """List the composite scores to compare.

    Args:
        perceptual (bool): Whether the perceptual error is compared, too.

    Returns:
        dict[str, dict[str, Any]]: Arguments of the score (``errors``, ``combine``, ``standardize``, ``pooling``,
            ``top_fraction``) by a name that says them.
    """
    kinds = [(name,) for name in (*SINGLE, "perceptual")[: 4 if perceptual else 3]]
    joint = [*JOINT, ("mse", "ssim", "msgms", "perceptual")][: 4 if perceptual else 3]
    plain = [(errors, combine, "none") for errors in kinds for combine in ("min", "mean", "geometric")]
    standardized = [
        (errors, combine, standardize)
        for errors in (*kinds, *joint)
        for standardize in ("pixel", "global")
        for combine in ("min", "mean")
    ]
    found = {}
    for errors, combine, standardize in (*plain, *standardized):
        found.update([_variant(errors, combine, standardize, "max")])
    for errors in (("mse",), ("msgms",), JOINT[-1]):
        for pooling in ("top", "mean"):
            found.update([_variant(errors, "mean", "pixel", pooling)])
    return found


def _variant(errors: tuple[str, ...], combine: str, standardize: str, pooling: str) -> tuple[str, dict[str, Any]]:
    arguments = {"errors": errors, "combine": combine, "standardize": standardize, "pooling": pooling}
    name = f"{'+'.join(errors)}, {combine}, {standardize}, {pooling}"
    return name, {**arguments, "top_fraction": 0.01}
