# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of our measurements beside the paper's numbers, which ``paper_tables.json`` holds, and the rows of Table 4.

A mean over seeds is that of the seeds' means, each over all categories; where there are several, the standard deviation
over seeds follows, as in the paper's Table 5.

How the rows of Table 4 are read:
    - S1, S2 and S3 alone are trained, and tested, with the masks of that scale alone. The paper names no merging
      there; the four maps of the scale are merged by their maximum, and mu_i can change nothing where one scale is all.
    - Without mu_i the scale with the highest mean error is taken. This, and merging by the mean, is inference: the
      last three rows are one training, tested three times.
"""

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from layout import ACCURACY, Table, lay_out, named

PAPER = json.loads((Path(__file__).parent / "paper_tables.json").read_text())

TABLES_OF = {"laceAD.yaml": ("1",), "mvtec.yaml": ("2", "3")}
"""The paper's tables that runs of a configuration make."""

METRIC = {"1": "image_AUROC", "2": "image_AUROC", "3": "PerImagePixelAUROC", "5": "image_AUROC"}
"""The metric of each table."""

FIRST_COLUMN = {"paper": "category", "one_class": "normal class", "ablation": "row"}
MEAN_ROW = ""
NONE = "\N{EN DASH}"

CLASSES = set(map(str, range(10)))
"""The classes of Table 5."""

PAPER_SCORE = {"model.score": "PaperScore", "model.score.subtract_reference": False}


class Row(NamedTuple):
    """A row of Table 4: what is left out of SCADN, and the options of anomalib that it changes.

    Its parts are adversarial loss, scales, merging, and whether mu_i is subtracted. A row without a training of its own
    is tested with the weights of ``"full"``.
    """

    label: str
    parts: tuple[str, str, str, str]
    changes: dict[str, Any]
    is_trained: bool = True


FULL = "full"
MERGED_BY_MEAN = {**PAPER_SCORE, "model.score.merge": "mean"}
ABLATION = {
    "no_adversarial": Row("no adversarial loss", ("", "S1 S2 S3", "max", "yes"), {"model.lambda_adv": 0}),
    "S1": Row("S1 alone", ("yes", "S1", "", ""), {"model.stripes": [4]}),
    "S2": Row("S2 alone", ("yes", "S2", "", ""), {"model.stripes": [8]}),
    "S3": Row("S3 alone", ("yes", "S3", "", ""), {"model.stripes": [16]}),
    "mean": Row("merged by mean, no mu_i", ("yes", "S1 S2 S3", "mean", ""), MERGED_BY_MEAN, is_trained=False),
    "max": Row("merged by max, no mu_i", ("yes", "S1 S2 S3", "max", ""), PAPER_SCORE, is_trained=False),
    FULL: Row("all", ("yes", "S1 S2 S3", "max", "yes"), {}),
}

TESTED = [name for name, row in ABLATION.items() if not row.is_trained]
"""Rows that are measured with the weights of ``"full"``."""

OPTIONS = tuple(dict.fromkeys(name for row in ABLATION.values() for name in row.changes))
"""Options that the rows set."""


def published(*tables: str) -> dict[str, dict[str, float]]:
    """Collect the paper's values of Tables 1 to 3 for a result file, which the report shows beside ours."""
    found: dict[str, dict[str, float]] = {}
    for table in tables:
        for category, value in {**PAPER[table]["categories"], "mean": PAPER[table]["mean"]}.items():
            found.setdefault(category, {})[METRIC[table]] = value
    return found


def values_of(result: dict[str, Any], metric: str) -> dict[str, list[float]]:
    """Collect a metric over seeds, by row."""
    found: dict[str, list[float]] = {}
    for key, metrics in result["runs"].items():
        if metric in metrics:
            found.setdefault(key.rpartition("/")[0], []).append(metrics[metric])
    return found


def seed_means(result: dict[str, Any], metric: str) -> list[float]:
    """Average over the rows, seed by seed; only seeds that have all rows of the file count."""
    by_seed: dict[str, dict[str, float]] = {}
    for key, metrics in result["runs"].items():
        if metric in metrics:
            row, _, seed = key.rpartition("/")
            by_seed.setdefault(seed, {})[row] = metrics[metric]
    everything = values_of(result, metric).keys()
    return [mean(values.values()) for values in by_seed.values() if values.keys() == everything]


def with_spread(values: list[float], digits: int = 3) -> str:
    """Write a mean over seeds."""
    if not values:
        return NONE
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{spread}"


def describe_configuration(result: dict[str, Any]) -> str:
    """Write what a result was made with, without the data."""
    extra = " ".join(result.get("extra", [])).replace("--data.root=DIR", "").replace("--data.root DIR", "")
    return " ".join([result.get("config", "configuration not recorded"), *extra.split()])


def demo_table(result: dict) -> Table:
    """Table of the demo, a row per seed."""
    metrics = named("image_AUROC", "image_F1Score", "pixel_AUROC", "pixel_F1Score", "PerImagePixelAUROC")
    columns = {"seed": "{seed}", **{title: f"{{{metric}:.3f}}" for metric, title in metrics.items()}}
    rows = ({"seed": seed, **run} for seed, run in result["runs"].items())
    return lay_out({**columns, "whole command": "{seconds:.0f} s"}, rows)


def experiment_table(result: dict[str, Any], kind: str) -> Table:
    """Lay out a result file: rows that ran, in the paper's order, and their mean where the rows are alike."""
    paper, ablation = result.get("paper", {}), kind == "ablation"
    seeds: dict[str, list[int]] = {}
    for key in result["runs"]:
        row, _, seed = key.rpartition("/")
        seeds.setdefault(row, []).append(int(seed))
    rows = [*(row for row in paper if row in seeds), *(row for row in seeds if row not in paper)]
    labels = {row: ABLATION[row].label if ablation and row in ABLATION else row for row in rows}
    columns = {FIRST_COLUMN[kind]: {**labels, MEAN_ROW: f"mean of {len(rows)}"}}
    columns["seeds"] = {row: str(len(found)) for row, found in seeds.items()}
    for measure in ACCURACY:
        values = {row: with_spread(found) for row, found in values_of(result, measure.key).items()}
        if not values:
            continue
        columns[measure.title] = {**values, MEAN_ROW: with_spread(seed_means(result, measure.key))}
        published = {row: measure.text(cells[measure.key]) for row, cells in paper.items() if measure.key in cells}
        # The mean stands beside nothing less than all rows; the ablation has a row of its name.
        if not ablation and "mean" in published:
            mean_of_all = published.pop("mean")
            published[MEAN_ROW] = mean_of_all if seeds.keys() == paper.keys() - {"mean"} else NONE
        if published:
            columns[f"paper's {measure.title}{' on MVTec AD' if ablation else ''}"] = published
    if times := values_of(result, "seconds"):
        columns["time of a run"] = {row: f"{mean(found):.0f} s" for row, found in times.items()}
    shown = rows if ablation else [*rows, MEAN_ROW]
    return list(columns), [[column.get(row, NONE) for column in columns.values()] for row in shown]


def one_class_table(results: dict[str, dict]) -> Table:
    """Table 5: a row per result file, image AUROC of each class and the mean."""
    rows = []
    for result in results.values():
        values = values_of(result, METRIC["5"])
        # The paper's mean is one over all classes.
        paper = PAPER["5"].get(result["dataset"]) if values.keys() == CLASSES else None
        row = [result["dataset"], f"`{describe_configuration(result)}`", str(max(map(len, values.values()), default=0))]
        row += [f"{mean(values[number]):.3f}" if number in values else NONE for number in sorted(CLASSES)]
        row.append(with_spread(seed_means(result, METRIC["5"]), digits=4))
        rows.append([*row, f"{paper['mean']:.4f} ± {paper['spread']:.4f}" if paper else NONE])
    return ["data set", "configuration", "seeds", *sorted(CLASSES), "mean", "paper"], rows


def paper_table(results: dict[str, dict]) -> Table:
    """Tables 1 to 3: all result files below each other."""
    tables = {name: experiment_table(result, "paper") for name, result in results.items()}
    columns = list(dict.fromkeys(column for header, _ in tables.values() for column in header))
    rows = [
        [name, f"`{describe_configuration(results[name])}`", *(cells.get(column, NONE) for column in columns)]
        for name, (header, found) in tables.items()
        for cells in (dict(zip(header, row, strict=True)) for row in found)
    ]
    return ["result", "configuration", *columns], rows


def ablation_table(results: dict[str, dict]) -> Table:
    """Table 4: its seven rows, the paper's mean over MVTec AD, and a column of image AUROC per data set."""
    columns = [values_of(result, "image_AUROC") for result in results.values()]
    rows = [
        [*row.parts, f"{PAPER['4'][name]:.4f}", *(with_spread(column.get(name, [])) for column in columns)]
        for name, row in ABLATION.items()
    ]
    return ["L_adv", "scales", "merge", "mu_i", "paper, MVTec AD", *results], rows
