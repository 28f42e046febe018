# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What the tables show: each measure's key in ``result.json``, its title, and how its numbers are written."""

from collections.abc import Callable
from dataclasses import dataclass

from layout import named

# A number does not part from its unit.
SPACE = "\N{NO-BREAK SPACE}"


def share(value: float) -> str:
    """Write a value in [0, 1]."""
    return f"{value:.3f}"


def duration(seconds: float) -> str:
    """Write a time as people say it."""
    if seconds < 59.95:
        return f"{seconds:.1f}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{SPACE}min{SPACE}{rest:02d}{SPACE}s"
    return f"{minutes // 60}{SPACE}h{SPACE}{minutes % 60:02d}{SPACE}min"


def milliseconds(value: float) -> str:
    """Write a short time."""
    return f"{_three_digits(value)}{SPACE}ms"


def rate(value: float) -> str:
    """Write images per second."""
    return _three_digits(value)


def count(value: float) -> str:
    """Write a number of things with an SI prefix: k, M, G, T."""
    for prefix in ("", "k", "M", "G"):
        if abs(value) < 999.5:
            return f"{value:.0f}" if not prefix else f"{_three_digits(value)}{SPACE}{prefix}"
        value /= 1000
    return f"{_three_digits(value)}{SPACE}T"


def memory(mebibytes: float) -> str:
    """Write an amount of memory."""
    return f"{mebibytes:.0f}{SPACE}MiB" if mebibytes < 1023.5 else f"{_three_digits(mebibytes / 1024)}{SPACE}GiB"


def _three_digits(value: float) -> str:
    return f"{value:#.3g}".removesuffix(".") if abs(value) < 999.5 else f"{value:.0f}"


@dataclass(frozen=True)
class Measure:
    """A column of a table.

    Args:
        key (str): Name in ``result.json``.
        title (str): Heading.
        text (Callable[[float], str]): Writes a number with its unit.
        higher_is_better (bool | None): Which way the best lies; ``None`` for a size, of which none is best. Defaults
            to ``True``.
        needs_same_machine (bool): Whether it says nothing across machines and versions. Defaults to ``False``.
    """

    key: str
    title: str
    text: Callable[[float], str] = share
    higher_is_better: bool | None = True
    needs_same_machine: bool = False


ACCURACY = tuple(
    Measure(key, title)
    for key, title in named("image_AUROC", "image_F1Max", "pixel_AUROC", "pixel_AUPRO", "PerImagePixelAUROC").items()
)
COST = (
    Measure("fit_s", "fit time", duration, higher_is_better=False, needs_same_machine=True),
    Measure("latency_1_ms", "latency", milliseconds, higher_is_better=False, needs_same_machine=True),
    Measure("images_per_second", "images/s", rate, needs_same_machine=True),
    Measure("peak_mib", "peak memory", memory, higher_is_better=False, needs_same_machine=True),
    Measure("parameters", "parameters", count, higher_is_better=None),
    Measure("stored_values", "stored values", count, higher_is_better=None),
    Measure("multiply_adds", "multiply-adds", count, higher_is_better=None),
)
