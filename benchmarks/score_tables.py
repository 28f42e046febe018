# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of the comparison of scores."""

from statistics import median
from typing import Any

Table = tuple[list[str], list[list[str]]]

METRICS = {"image_AUROC": "image", "pixel_AUROC": "pixel", "PerImagePixelAUROC": "per-image pixel"}


def scores_table(results: dict[str, dict[str, Any]]) -> Table:
    """Lay out all scores, best mean of all columns first; medians over seeds, and the lowest and highest.

    Args:
        results (dict[str, dict[str, Any]]): Results of ``benchmarks/scores.py`` by data set.

    Returns:
        Table: Header and rows.
    """
    columns = [
        (data, metric, label)
        for data, result in results.items()
        for metric, label in METRICS.items()
        if _values(result, "paper", metric)
    ]
    names = [name for name in _scores(results) if all(_values(results[data], name, key) for data, key, _ in columns)]

    def overall(name: str) -> float:
        return sum(median(_values(results[data], name, metric)) for data, metric, _ in columns)

    header = ["score", *(f"{data}: {label}" for data, _, label in columns)]
    rows = [
        [name, *(_cell(_values(results[data], name, metric)) for data, metric, _ in columns)]
        for name in sorted(names, key=overall, reverse=True)
    ]
    return header, rows


def cost_table(results: dict[str, dict[str, Any]]) -> Table:
    """Lay out what scores cost beside the twelve passes.

    Args:
        results (dict[str, dict[str, Any]]): Results of ``benchmarks/score_cost.py`` by ``SIZE_CHANNELS``.

    Returns:
        Table: Header and rows.
    """
    rows = []
    for result in results.values():
        size = f"{result['image_size']} x {result['image_size']}"
        for name, ratios in result["scores"].items():
            if name != "passes":
                low, high = f"{ratios['ratio_lowest']:.2%}", f"{ratios['ratio_highest']:.2%}"
                rows.append([size, str(result["base_channels"]), name, f"{ratios['ratio']:.2%} ({low} to {high})"])
    return ["size", "base channels", "score", "share of the twelve passes' time"], rows


def _scores(results: dict[str, dict[str, Any]]) -> list[str]:
    found = (run["metrics"] for result in results.values() for run in result["runs"].values())
    return list(dict.fromkeys(name for metrics in found for name in metrics))


def _values(result: dict[str, Any], score: str, metric: str) -> list[float]:
    """Collect a score's metric over seeds; empty where it is not defined."""
    found = [run["metrics"].get(score, {}).get(metric) for run in result["runs"].values()]
    return [value for value in found if value is not None]


def _cell(values: list[float]) -> str:
    middle = f"{median(values):.3f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.3f} to {max(values):.3f})"
