# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Runs reduced to what is published: medians and spread over seeds, times as ratios within one seed, and each run."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from comparison import run_folder
from measure import spread
from pictures import draw_sheet, save_figure
from provenance import same_where_recorded

Result = dict[str, Any]

Summary = dict[str, Any]

Spread = dict[str, float]

CONVENTIONS = {
    "spread": "median, lowest and highest over the seeds; of times with one seed, over the repeats; times and memory "
    "only where all seeds ran on one machine with the same versions",
    "image_F1Max": "best F1 over all thresholds on the test set itself: optimistic",
    "pixel_AUPRO": "up to a false positive rate of 0.3",
    "pixel metrics": "maps resized bilinearly, masks to the nearest pixel, to image_size x image_size",
    "fit_s": "wall-clock seconds of anomalib's Engine.fit, its validation passes over the test images included",
    "latency": "warm, from decoded images in memory to scores, maps and labels; no files, no pictures",
    "ratios": "each seed's value over the reference model's of that seed, on the same machine with the same versions",
    "peak_mib": "peak resident memory of the run's own process after fit and inference, before metrics",
    "multiply_adds": "of one image: half of what torch's FlopCounterMode counts in convolutions and matrix products",
}

RATIOS = {
    "fit_s": "fit_ratio",
    "latency_1_ms": "latency_1_ratio",
    "latency_8_ms": "latency_8_ratio",
    "images_per_second": "images_per_second_ratio",
}

OF_MACHINE = (*RATIOS, "imports_mib", "peak_mib", "gpu_peak_mib")
"""What is not reduced over machines or versions."""

RUN = ("metrics", "times", "cost", "machine", "versions")
"""What is published of each run."""

COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf")


def summarize(results: list[Result], reference: str) -> Summary:
    """Reduce runs to medians and spread."""
    summary: Summary = {"reference": reference, "conventions": CONVENTIONS, "machines": [], "data": {}}
    for result in results:
        described = {**result["machine"], **result["versions"]}
        if described not in summary["machines"]:
            summary["machines"].append(described)
        data = summary["data"].setdefault(result["configuration"]["data"], {"images": result["images"], "models": {}})
        data["models"].setdefault(result["configuration"]["model"], []).append(result)
    for data in summary["data"].values():
        references = {result["configuration"]["seed"]: result for result in data["models"].get(reference, [])}
        data["models"] = {model: summarize_model(runs, references) for model, runs in data["models"].items()}
    return summary


def summarize_model(runs: list[Result], references: dict[int, Result]) -> Summary:
    """Reduce the seeds of one model on one data set."""
    values: dict[str, list[Spread]] = {}
    alike = all(made_alike(runs[0], run) for run in runs)
    for run in runs:
        numbers = {**run["metrics"], **run["cost"], **run["times"]}
        numbers = {name: value for name, value in numbers.items() if alike or name not in OF_MACHINE}
        numbers |= ratios(run, references.get(run["configuration"]["seed"]))
        for name, value in numbers.items():
            if value is not None:
                values.setdefault(name, []).append(spread_of(value))
    configuration = {name: value for name, value in runs[0]["configuration"].items() if name != "seed"}
    return {
        "configuration": configuration,
        "input_size": runs[0]["input_size"],
        "seeds": [run["configuration"]["seed"] for run in runs],
        **{name: over_seeds(found, len(runs)) for name, found in values.items()},
        "runs": [{"seed": run["configuration"]["seed"], **{name: run[name] for name in RUN}} for run in runs],
    }


def spread_of(value: float | Spread) -> Spread:
    """Give every number a spread."""
    return value if isinstance(value, dict) else spread([value])


def over_seeds(values: list[Spread], runs: int) -> Spread:
    """Reduce a number of several runs."""
    return values[0] if runs == 1 else spread([value["median"] for value in values])


def made_alike(one: Result, other: Result) -> bool:
    """Whether two runs were made on one machine with the same versions, so far as both were recorded."""
    return all(same_where_recorded(one[name], other[name]) for name in ("machine", "versions"))


def ratios(run: Result, reference: Result | None) -> dict[str, Spread]:
    """Set the times of a run against those of the reference model."""
    if reference is None or not made_alike(run, reference):
        return {}
    found = {}
    for name, ratio in RATIOS.items():
        base = spread_of(reference["times"][name])["median"]
        found[ratio] = {key: value / base for key, value in spread_of(run["times"][name]).items()}
    return found


def draw_all(folder: Path, summary: dict[str, Any]) -> list[Path]:
    """Draw everything for each data set."""
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
    """Draw each model's ROC curves over images, one line per seed."""
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
    """Draw image AUROC against the time of one image, medians with the spread over seeds."""
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
