# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Checks of plain argument values, each with one clear error."""

from collections.abc import Sequence


def as_image_size(image_size: int | Sequence[int]) -> tuple[int, int]:
    """Take a side or a pair, plain or from a configuration library, as (height, width).

    Args:
        image_size (int | Sequence[int]): Side, or height and width, in pixels.

    Returns:
        tuple[int, int]: Height and width.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(image_size, int):
        return image_size, image_size
    if len(image_size) != 2:
        msg = f"image_size must be a side or (height, width) in pixels, got {image_size}"
        raise ValueError(msg)
    return int(image_size[0]), int(image_size[1])


def check_not_negative(**values: float) -> None:
    """Check weights and rates.

    Args:
        **values (float): Values by argument name.

    Raises:
        ValueError: If a value is negative or not a number.
    """
    for name, value in values.items():
        if not value >= 0:
            msg = f"{name} must not be negative, got {value}"
            raise ValueError(msg)


def check_at_least_one(**values: int | None) -> None:
    """Check counts, where None means no limit.

    Args:
        **values (int | None): Values by argument name.

    Raises:
        ValueError: If a value is below 1.
    """
    for name, value in values.items():
        if value is not None and value < 1:
            msg = f"{name} must be at least 1, got {value}"
            raise ValueError(msg)
