# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""How numbers are written and tables laid out, in documents and on the report's page alike."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

Table = tuple[list[str], list[list[str]]]
"""Header, and cells row by row."""

METRIC_NAMES = {
    "image_AUROC": "image AUROC",
    "image_F1Score": "image F1",
    "image_F1Max": "best image F1",
    "pixel_AUROC": "pixel AUROC",
    "pixel_F1Score": "pixel F1",
    "pixel_AUPRO": "AUPRO",
    "PerImagePixelAUROC": "per-image pixel AUROC",
}
"""Every metric of a result file, as tables and pages call it."""


def named(*metrics: str) -> dict[str, str]:
    """Choose metrics and their names."""
    return {metric: METRIC_NAMES[metric] for metric in metrics}


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table without a final newline; a sentence if there are no rows."""
    if not rows:
        return "Nothing has been published yet."
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def lay_out(columns: dict[str, str], rows: Iterable[Mapping[str, Any]]) -> Table:
    """Make a table of rows by name; a column is a title and a format."""
    return list(columns), [[text.format_map(row) for text in columns.values()] for row in rows]


def median_and_range(values: list[float]) -> dict[str, float]:
    """Reduce repeats, or seeds, to what is published."""
    return {"median": median(values), "lowest": min(values), "highest": max(values)}


def spread(value: dict[str, float] | None, text: Callable[[float], str] = "{:.3f}".format) -> str:
    """Write a median, and the lowest and highest where they differ."""
    if value is None:
        return "none"
    low, middle, high = (text(value[name]) for name in ("lowest", "median", "highest"))
    return middle if low == high else f"{middle} ({low} to {high})"


def times_as_much(ratio: float) -> str:
    """Write a ratio, small ones with as many digits as they need."""
    return f"x {ratio:.2f}" if ratio >= 0.1 else f"x {ratio:.1g}"


def count(value: float) -> str:
    """Write a number of things in millions or thousands of millions, small ones as they are."""
    for unit, name in ((1e9, "G"), (1e6, "M")):
        if value >= unit / 10:
            return f"{value / unit:.2f} {name}"
    return f"{value:.0f}"


@dataclass(frozen=True)
class Measure:
    """What a run has a number of: its key in ``result.json``, its title, how it is written, which way the best lies.

    Of a size none is best. What needs the same machine says nothing across machines and versions.
    """

    key: str
    title: str
    text: Callable[[float], str] = "{:.3f}".format
    higher_is_better: bool | None = True
    needs_same_machine: bool = False


ACCURACY = tuple(
    Measure(key, title)
    for key, title in named("image_AUROC", "image_F1Max", "pixel_AUROC", "pixel_AUPRO", "PerImagePixelAUROC").items()
)
TIMES = (
    Measure("fit_s", "fit", "{:.1f} s".format, higher_is_better=False, needs_same_machine=True),
    Measure("latency_1_ms", "latency, batch 1", "{:.1f} ms".format, higher_is_better=False, needs_same_machine=True),
    Measure("latency_8_ms", "latency, batch 8", "{:.1f} ms".format, higher_is_better=False, needs_same_machine=True),
    Measure("images_per_second", "images per second", "{:.2f}".format, needs_same_machine=True),
)
COST = (
    *TIMES,
    Measure("peak_mib", "peak memory", "{:.0f} MiB".format, higher_is_better=False, needs_same_machine=True),
    Measure("parameters", "parameters", count, higher_is_better=None),
    Measure("stored_values", "stored values", count, higher_is_better=None),
    Measure("multiply_adds", "multiply-adds per image", count, higher_is_better=None),
)
