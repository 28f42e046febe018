# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The methods that the paper compares, beside each other: the paper's own means first, then ours on other data."""

from beside_paper import METRIC, PAPER, Table
from compare_tables import setting, spread

METHODS = {
    "alocc_d": "ALOCC D",
    "alocc_dr": "ALOCC DR",
    "dae": "DAE",
    "ocgan": "OCGAN",
    "mem_ae": "MemAE",
    "scadn": "SCADN",
}
"""Names by model, in the order of the paper's Tables 1 to 3."""

PAPER_DATA = {"1": "LaceAD", "2": "MVTec AD", "3": "MVTec AD", "5": "MNIST, all classes"}
"""Data of the paper's tables that have several methods."""

METRIC_NAMES = {
    "image_AUROC": "image AUROC",
    "pixel_AUROC": "pixel AUROC",
    "PerImagePixelAUROC": "per-image pixel AUROC",
}


def compares_methods(summary: dict) -> bool:
    """Whether a comparison has methods of the paper beside SCADN.

    Args:
        summary (dict): From :func:`comparison.summary.summarize`.

    Returns:
        bool: False for a comparison with the host's models alone.
    """
    others = METHODS.keys() - {"scadn"}
    return any(others & found["models"].keys() for found in summary["data"].values())


def methods_table(comparisons: dict[str, dict]) -> Table:
    """Set the means of Tables 1, 2, 3 and 5 above what was measured here.

    Args:
        comparisons (dict[str, dict]): Summaries of :func:`comparison.summary.summarize` by name.

    Returns:
        Table: Who measured, on what, which metric and how, and a column per method.
    """
    rows = [_published(table) for table in PAPER_DATA]
    for summary in comparisons.values():
        for data, found in summary["data"].items():
            rows += _measured(data, found["models"])
    return ["by", "data", "metric", "configuration", "seeds", *METHODS.values()], rows


def _published(table: str) -> list[str]:
    """Make a row of the paper's means."""
    values = [PAPER["methods"][method][table] for method in METHODS]
    cells = ["-" if value is None else f"{value:.3f}" for value in values]
    return ["paper", PAPER_DATA[table], METRIC_NAMES[METRIC[table]], "its own", "-", *cells]


def _measured(data: str, models: dict[str, dict]) -> list[list[str]]:
    """Make a row per metric that any method has."""
    counts = sorted({len(model["seeds"]) for model in models.values()})
    seeds = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0])
    how = [setting(models.get("scadn", next(iter(models.values())))), seeds]
    rows = []
    for metric, name in METRIC_NAMES.items():
        values = [models.get(method, {}).get(metric) for method in METHODS]
        if any(values):
            rows.append(["here", data, name, *how, *(spread(value) if value else "-" for value in values)])
    return rows
