# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of our measurements beside the paper's numbers, which ``paper_tables.json`` holds.

A mean over seeds is that of the seeds' means, each over all categories; where there are several, the standard deviation
over seeds follows, as in the paper's Table 5.
"""

import json
from functools import partial
from pathlib import Path
from statistics import mean

from ablation import ABLATION
from layout import Table, named
from report import experiments
from report.experiments import describe_configuration, seed_means, values_of

PAPER = json.loads((Path(__file__).parent / "paper_tables.json").read_text())

TABLES_OF = {"laceAD.yaml": ("1",), "mvtec.yaml": ("2", "3")}
"""The paper's tables that runs of a configuration make."""

with_spread = partial(experiments.with_spread, none="-")

METRIC = {"1": "image_AUROC", "2": "image_AUROC", "3": "PerImagePixelAUROC", "5": "image_AUROC"}
"""The metric of each table."""

CLASSES = set(map(str, range(10)))
"""The classes of Table 5."""


def published(*tables: str) -> dict[str, dict[str, float]]:
    """Collect the paper's values of Tables 1 to 3 for a result file, which the report shows beside ours."""
    found: dict[str, dict[str, float]] = {}
    for table in tables:
        for category, value in {**PAPER[table]["categories"], "mean": PAPER[table]["mean"]}.items():
            found.setdefault(category, {})[METRIC[table]] = value
    return found


def configuration(result: dict) -> str:
    """Write what a result was made with, without the data, as code."""
    return f"`{describe_configuration(result)}`"


def demo_table(result: dict) -> Table:
    """Table of the demo, a row per seed."""
    metrics = named("image_AUROC", "image_F1Score", "pixel_AUROC", "pixel_F1Score", "PerImagePixelAUROC")
    rows = [
        [seed, *(f"{run[metric]:.3f}" for metric in metrics), f"{run['seconds']:.0f} s"]
        for seed, run in result["runs"].items()
    ]
    return ["seed", *metrics.values(), "whole command"], rows


def category_table(table: str, result: dict) -> Table:
    """Table 1, 2 or 3: a row per pattern or category, then the mean."""
    metric = METRIC[table]
    paper = PAPER[table]["categories"]
    values = values_of(result, metric)
    rows = [
        [name, f"{paper[name]:.3f}" if name in paper else "-", with_spread(measured)]
        for name, measured in values.items()
    ]
    whole = f"{PAPER[table]['mean']:.3f}" if values.keys() == paper.keys() else "-"
    rows.append([f"mean of {len(values)}", whole, with_spread(seed_means(result, metric))])
    return ["category", "paper", metric], rows


def one_class_table(results: list[dict]) -> Table:
    """Table 5: a row per result file, image AUROC of each class and the mean."""
    rows = []
    for result in results:
        values = values_of(result, "image_AUROC")
        whole = values.keys() == CLASSES
        paper = PAPER["5"].get(result["dataset"]) if whole else None  # the paper's mean is one over all classes
        rows.append(
            [
                result["dataset"],
                configuration(result),
                str(max(map(len, values.values()), default=0)),
                *(f"{mean(values[str(number)]):.3f}" if str(number) in values else "-" for number in range(10)),
                with_spread(seed_means(result, "image_AUROC"), digits=4),
                f"{paper['mean']:.4f} ± {paper['spread']:.4f}" if paper else "-",
            ]
        )
    return ["data set", "configuration", "seeds", *map(str, range(10)), "mean", "paper"], rows


def paper_table(results: dict[str, dict]) -> Table:
    """Tables 1 to 3: all result files, a row per pattern or category and one of the mean."""
    rows = []
    for name, result in results.items():
        for table in TABLES_OF[result["config"]]:
            (*_, metric), found = category_table(table, result)
            rows += [[name, configuration(result), metric, *cells] for cells in found]
    return ["result", "configuration", "metric", "category", "paper", "here"], rows


def ablation_table(results: dict[str, dict]) -> Table:
    """Table 4: its seven rows, the paper's mean over MVTec AD, and a column of image AUROC per data set."""
    columns = [values_of(result, "image_AUROC") for result in results.values()]
    rows = [
        [*row.parts, f"{PAPER['4'][name]:.4f}", *(with_spread(column.get(name, [])) for column in columns)]
        for name, row in ABLATION.items()
    ]
    return ["L_adv", "scales", "merge", "mu_i", "paper, MVTec AD", *results], rows
