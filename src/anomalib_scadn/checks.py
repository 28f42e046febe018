# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Checks of plain argument values, each with one clear error."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any


def as_image_size(image_size: int | Sequence[int], name: str = "image_size") -> tuple[int, int]:
    """Take a side or a pair, plain or from a configuration library, as (height, width).

    Args:
        image_size (int | Sequence[int]): Side, or height and width, in pixels.
        name (str): Name of the argument, for the message. Defaults to ``"image_size"``.

    Returns:
        tuple[int, int]: Height and width.

    Raises:
        ValueError: If it is neither.
    """
    sides = [image_size, image_size] if isinstance(image_size, (int, float)) else image_size
    # Any sequence of two whole numbers will do; text, which is a sequence too, will not, and True is no number.
    numbers = isinstance(sides, Sequence) and all(type(side) is int and side > 0 for side in sides)
    if not numbers or len(sides) != 2:
        msg = f"{name} must be a side or (height, width) in whole pixels, got {image_size!r}"
        raise ValueError(msg)
    return sides[0], sides[1]


def as_stripes(stripes: Sequence[int]) -> tuple[int, ...]:
    """Take stripe counts, plain or from a configuration library, as a plain tuple.

    Args:
        stripes (Sequence[int]): Stripes across the image, one number per scale.

    Returns:
        tuple[int, ...]: The same numbers.

    Raises:
        ValueError: If they are no whole numbers.
    """
    # Text is a sequence too, but of no numbers.
    if not isinstance(stripes, Sequence) or any(type(count) is not int for count in stripes):
        msg = f"stripes must be whole numbers, one per scale, e.g. (4, 8, 16), got {stripes!r}"
        raise ValueError(msg)
    return tuple(stripes)


def as_widths(smoothing: float | Sequence[float]) -> tuple[float, ...]:
    """Take one width or several, plain or from a configuration library, as a plain tuple.

    Args:
        smoothing (float | Sequence[float]): Widths in pixels.

    Returns:
        tuple[float, ...]: The same numbers.

    Raises:
        ValueError: If they are no numbers.
    """
    widths = smoothing if isinstance(smoothing, Sequence) else [smoothing]
    # Text is a sequence too, but of no numbers, and True is none.
    if any(type(width) not in (int, float) for width in widths):
        msg = f"smoothing must be a width in pixels or a list of them, e.g. (1.0, 4.0), got {smoothing!r}"
        raise ValueError(msg)
    return tuple(widths)


def as_tuple(**values: Sequence[Any]) -> tuple[Any, ...]:
    """Take a list, plain or from a configuration library, as a plain tuple.

    Args:
        **values (Sequence[Any]): The one list by the argument's name.

    Returns:
        tuple[Any, ...]: The same values.

    Raises:
        ValueError: If it is no list.
    """
    ((name, listed),) = values.items()
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        msg = f"{name} must be a list, got {listed!r}"
        raise ValueError(msg)
    return tuple(listed)


def check_decay(**values: float) -> None:
    """Check decay rates.

    Args:
        **values (float): Values by argument name.

    Raises:
        ValueError: If a value lies outside [0, 1).
    """
    for name, value in values.items():
        if not 0 <= value < 1:
            msg = f"{name} must lie in [0, 1), got {value}"
            raise ValueError(msg)


def check_share(**values: float) -> None:
    """Check shares of a whole.

    Args:
        **values (float): Values by argument name.

    Raises:
        ValueError: If a value lies outside [0, 1].
    """
    for name, value in values.items():
        if not 0 <= value <= 1:
            msg = f"{name} must lie in [0, 1], got {value}"
            raise ValueError(msg)


def check_seed(seed: int | None) -> None:
    """Check a seed.

    Args:
        seed (int | None): Seed, or ``None`` for the global one.

    Raises:
        ValueError: If it is no whole number from 0 to 2**32 - 1.
    """
    if seed is not None and (type(seed) is not int or not 0 <= seed < 2**32):
        msg = f"seed must be a whole number from 0 to 2**32 - 1, got {seed!r}"
        raise ValueError(msg)


def check_not_negative(**values: float) -> None:
    """Check weights and rates.

    Args:
        **values (float): Values by argument name.

    Raises:
        ValueError: If a value is negative, infinite or not a number.
    """
    for name, value in values.items():
        if not 0 <= value < float("inf"):
            msg = f"{name} must not be negative or infinite, got {value}"
            raise ValueError(msg)


def check_count(minimum: int, /, **values: int | None) -> None:
    """Check counts that may be as low as a number, where None means no limit.

    Args:
        minimum (int): The lowest value.
        **values (int | None): Values by argument name.

    Raises:
        ValueError: If a value is below the lowest or no whole number.
    """
    for name, value in values.items():
        if value is not None and (type(value) is not int or value < minimum):
            msg = f"{name} must be a whole number, at least {minimum}, got {value}"
            raise ValueError(msg)


def check_choice(choices: Sequence[str], /, **values: str) -> None:
    """Check names of which there are few.

    Args:
        choices (Sequence[str]): All of them.
        **values (str): Values by argument name.

    Raises:
        ValueError: If a value is none of them; the message lists them.
    """
    for name, value in values.items():
        if value not in choices:
            *first, last = map(repr, choices)
            msg = f"{name} must be {', '.join(first)} or {last}, got {value!r}"
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


def check_installed(package: str, extra: str, purpose: str) -> None:
    """Check that an optional package is there.

    Args:
        package (str): Name that it is imported by.
        extra (str): Extra of this package that brings it.
        purpose (str): What needs it, for the message.

    Raises:
        ImportError: If it is not installed; the message names the extra.
    """
    if find_spec(package) is None:
        msg = f"{purpose} needs {package}, which is not installed: install anomalib-scadn with the extra [{extra}]"
        raise ImportError(msg)


def check_image_shape(shape: Sequence[int], image_size: tuple[int, int]) -> None:
    """Check that a model can take images of this shape.

    Args:
        shape (Sequence[int]): Shape of the images.
        image_size (tuple[int, int]): Height and width that the model takes, in pixels.

    Raises:
        ValueError: If it is not (N, 3, *image_size).
    """
    if len(shape) != 4 or shape[1] != 3 or tuple(shape[-2:]) != image_size:
        height, width = image_size
        msg = f"expected images of shape (N, 3, {height}, {width}), got {tuple(shape)}"
        raise ValueError(msg)


def check_same_arguments(trained: Mapping[str, Any], arguments: Mapping[str, Any], names: Sequence[str]) -> None:
    """Check that a checkpoint's model was made with the same arguments where it matters.

    Args:
        trained (Mapping[str, Any]): Arguments of the model that the checkpoint was made by; may lack some.
        arguments (Mapping[str, Any]): Arguments of this model.
        names (Sequence[str]): The arguments that matter.

    Raises:
        ValueError: If one of them, or an option of one, differs; the message names both values.
    """
    trained, arguments = _flatten(trained, names), _flatten(arguments, names)
    for name, value in arguments.items():
        if name in trained and trained[name] != value:
            msg = (
                f"the checkpoint was trained with {name} = {trained[name]}, this model has {value}; "
                f"give --model.{name} as in training, or use load_from_checkpoint of the model's class"
            )
            raise ValueError(msg)


def _flatten(arguments: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Name the options of an object, say a score, like arguments of the command line: ``score.pooling``."""
    flat: dict[str, Any] = {}
    for name in names:
        value = arguments.get(name, ...)
        if isinstance(value, Mapping):
            flat |= {name: value["class_path"], **{f"{name}.{key}": own for key, own in value["init_args"].items()}}
        elif value is not ...:
            flat[name] = value
    return flat
