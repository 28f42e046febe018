# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Pictures of a whole comparison: ROC curves, AUROC against latency, and a sheet of maps."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from comparison.examples import draw_sheet, save_figure
from comparison.job import run_folder

COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf")


def draw_all(folder: Path, summary: dict[str, Any]) -> list[Path]:
    """Draw everything for each data set.

    Args:
        folder (Path): Folder of the comparison.
        summary (dict[str, Any]): From :func:`comparison.summary.summarize`.

    Returns:
        list[Path]: The PNG files: ``roc.png``, ``latency.png`` and ``maps.png`` in the folder of each data set.
    """
    drawn = []
    for data, found in summary["data"].items():
        models = found["models"]
        runs = {
            model: [run_folder(folder, data, model, seed) for seed in row["seeds"]] for model, row in models.items()
        }
        drawn += [folder / data / name for name in ("roc.png", "latency.png", "maps.png")]
        save_figure(draw_roc(runs, data), drawn[-3])
        save_figure(draw_latency(models, data), drawn[-2])
        draw_sheet({model: folders[0] / "examples.npz" for model, folders in runs.items()}, drawn[-1], data)
    return drawn


def draw_roc(runs: dict[str, list[Path]], title: str) -> Figure:
    """Draw each model's ROC curves over images, one line per seed.

    Args:
        runs (dict[str, list[Path]]): Folders of the runs by model.
        title (str): Stands above.

    Returns:
        Figure: Not yet saved.
    """
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    for place, (model, folders) in enumerate(runs.items()):
        for run, folder in enumerate(folders):
            table = pd.read_csv(folder / "scores.csv")
            if table["label"].nunique() == 2:
                false_rate, true_rate, _ = roc_curve(table["label"], table["pred_score"])
                colour = COLOURS[place % len(COLOURS)]
                axes.plot(false_rate, true_rate, color=colour, linewidth=1, label=None if run else model)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.5, linestyle="--")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title=f"{title}: images, one line per seed")
    axes.legend(loc="lower right")
    return figure


def draw_latency(models: dict[str, dict[str, Any]], title: str) -> Figure:
    """Draw image AUROC against the time of one image, medians with the spread over seeds.

    Args:
        models (dict[str, dict[str, Any]]): Summary by model.
        title (str): Stands above.

    Returns:
        Figure: Not yet saved.
    """
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    for place, (model, row) in enumerate(models.items()):
        if "image_AUROC" not in row or "latency_1_ms" not in row:
            continue
        x, y = row["latency_1_ms"], row["image_AUROC"]
        bars = {
            f"{axis}err": [[value["median"] - value["lowest"]], [value["highest"] - value["median"]]]
            for axis, value in (("x", x), ("y", y))
        }
        colour = COLOURS[place % len(COLOURS)]
        axes.errorbar([x["median"]], [y["median"]], **bars, fmt="o", color=colour, capsize=3, label=model)
    axes.set_xscale("log")
    axes.set(xlabel="ms per image (batch of 1, warm)", ylabel="image AUROC", title=title)
    axes.legend()
    return figure
