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
    sides = [image_size, image_size] if isinstance(image_size, (int, float)) else image_size
    # Any sequence of two whole numbers will do; text, which is a sequence too, will not, and True is no number.
    if not isinstance(sides, Sequence) or len(sides) != 2 or any(type(side) is not int for side in sides):
        msg = f"image_size must be a side or (height, width) in whole pixels, got {image_size!r}"
        raise ValueError(msg)
    return sides[0], sides[1]


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


def check_same_size(image_size: tuple[int, int], input_size: Sequence[int] | None) -> None:
    """Check that the pre-processor resizes to what the model takes.

    Args:
        image_size (tuple[int, int]): Height and width that the model takes, in pixels.
        input_size (Sequence[int] | None): Height and width that the pre-processor gives, ``None`` if it has no size.

    Raises:
        ValueError: If they differ.
    """
    if input_size is not None and tuple(input_size) != image_size:
        msg = (
            f"the pre-processor resizes to {tuple(input_size)} but image_size is {image_size}; "
            "give both the same, or image_size alone"
        )
        raise ValueError(msg)
