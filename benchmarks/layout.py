# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Names of metrics, and the one way in which tables are written."""

from collections.abc import Callable

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
    """Lay out a Markdown table without a final newline; a sentence if there are no rows."""
    if not rows:
        return "Nothing has been published yet."
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def spread(value: dict[str, float] | None, text: Callable[[float], str] = "{:.3f}".format) -> str:
    """Write a median, and the lowest and highest where they differ."""
    if value is None:
        return "none"
    low, middle, high = (text(value[name]) for name in ("lowest", "median", "highest"))
    return middle if low == high else f"{middle} ({low} to {high})"
