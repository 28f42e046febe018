# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Image sizes, stripes and passes that go together, as plain numbers: a graph's description is read without torch."""

from collections.abc import Sequence
from typing import Literal, get_args

Passes = Literal["striped", "once"]

MASKS_PER_SCALE = 4
"""Vertical, its complement, horizontal, its complement."""

SIZE_DIVISOR = 8
"""The generator halves its input three times, so a side must be a multiple of 8 pixels."""

MIN_SIZE = 24
"""Reflection padding of 2 at an eighth of the size needs at least three pixels there."""

PIXELS_AT_ONCE = 2**18
"""A 512 x 512 image: what goes through the generator at once by default. More takes more memory."""


def check_sides(size: tuple[int, int]) -> None:
    """Raise unless the generator can halve both sides three times.

    Args:
        size (tuple[int, int]): Height and width in pixels.

    Raises:
        ValueError: If a side is no positive multiple of 8. The message names the value and the nearest valid ones.
    """
    for name, side in zip(("height", "width"), size, strict=True):
        if side < SIZE_DIVISOR or side % SIZE_DIVISOR:
            lower = side // SIZE_DIVISOR * SIZE_DIVISOR
            valid = [value for value in (lower, lower + SIZE_DIVISOR) if value >= SIZE_DIVISOR]
            msg = (
                f"image {name} must be a multiple of {SIZE_DIVISOR} pixels (the generator halves it three times), "
                f"got {side}; nearest valid: {' or '.join(map(str, valid or [SIZE_DIVISOR]))}"
            )
            raise ValueError(msg)


def check_size(size: tuple[int, int], stripes: Sequence[int]) -> None:
    """Raise unless the generator can take an image of this size and the stripes fit into it.

    Args:
        size (tuple[int, int]): Height and width in pixels.
        stripes (Sequence[int]): Stripes across the image, one number per scale.

    Raises:
        ValueError: If a side is no positive multiple of 8, if there is no scale, if a scale is named twice, if a
            scale has an odd number of stripes or fewer than two (white to black would not be 1 : 1), or if a stripe
            would be narrower than one pixel. The message names the value and the nearest valid ones.
    """
    check_sides(size)
    if not stripes:
        msg = "stripes must name at least one scale, e.g. (4, 8, 16), got none"
        raise ValueError(msg)
    if len(set(stripes)) != len(stripes):
        msg = f"stripes must name each scale once, got {tuple(stripes)}"
        raise ValueError(msg)
    for count in stripes:
        _check_stripe_count(count, size)


def _check_stripe_count(count: int, size: tuple[int, int]) -> None:
    if count < 2 or count % 2:
        lower = count // 2 * 2
        valid = [value for value in (lower, lower + 2) if value >= 2]
        msg = (
            f"a scale needs an even number of stripes, at least 2, so that white to black is 1 : 1, got {count}; "
            f"nearest valid: {' or '.join(map(str, valid or [2]))}"
        )
        raise ValueError(msg)
    shortest = min(size)
    if count > shortest:
        msg = (
            f"{count} stripes across {shortest} pixels would be narrower than one pixel; "
            f"nearest valid: {shortest // 2 * 2} stripes, or an image side of at least "
            f"{-(-count // SIZE_DIVISOR) * SIZE_DIVISOR} pixels"
        )
        raise ValueError(msg)


def check_passes(passes: str) -> None:
    """Raise unless a generator can be given images in this way.

    Args:
        passes (str): ``"striped"`` or ``"once"``.

    Raises:
        ValueError: If it is neither ``"striped"`` nor ``"once"``.
    """
    if passes not in get_args(Passes):
        msg = f"passes must be 'striped' (SCADN Eq. 5) or 'once' (the whole image), got {passes!r}"
        raise ValueError(msg)


def images_at_once(size: tuple[int, int]) -> int:
    """Count the images that go through the generator at once by default.

    Args:
        size (tuple[int, int]): Height and width in pixels.

    Returns:
        int: As many as a 512 x 512 image has pixels, at least 1.
    """
    return max(1, PIXELS_AT_ONCE // (size[0] * size[1]))


def equal_passes_at_once(size: tuple[int, int], count: int) -> int:
    """Count the passes that go through the generator at once by default, where all chunks must be equally long.

    Args:
        size (tuple[int, int]): Height and width in pixels.
        count (int): Passes of an image.

    Returns:
        int: The largest divisor of the passes that is not above :func:`images_at_once`.
    """
    return next(chunk for chunk in range(min(count, images_at_once(size)), 0, -1) if count % chunk == 0)


def count_scales(stripes: Sequence[int], passes: Passes) -> int:
    """Count the scales that an image is scored by.

    Args:
        stripes (Sequence[int]): Stripes across the image, one number per scale.
        passes (Literal["striped", "once"]): Each striped mask, or the whole image once.

    Returns:
        int: S, 1 if once.
    """
    return len(stripes) if passes == "striped" else 1
