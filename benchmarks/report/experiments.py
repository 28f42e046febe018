# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The paper's experiments: a table for each result file, our means over seeds beside the paper's numbers."""

from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ablation import ABLATION

from .measures import ACCURACY, duration, share
from .runs import read_object
from .tables import DASH

KINDS = {
    "paper": "Tables 1 to 3",
    "one_class": "Table 5, one-class classification",
    "ablation": "Table 4, ablation",
}
"""What names of result files begin with (an underscore and a name follow), and what of the paper they repeat."""

FIRST_COLUMN = {"paper": "category", "one_class": "normal class", "ablation": "row"}

MEAN = "mean"
"""Row of the published mean; the ablation has a row of that name, which is none."""

MEAN_ROW = ""
SECONDS = "seconds"


@dataclass(frozen=True)
class Experiment:
    """A result file of one of the paper's experiments.

    Args:
        title (str): Its name and the paper's table.
        configuration (str): Configuration file and what was changed of it.
        machines (list[str]): What it ran on.
        header (list[str]): Column names.
        rows (list[list[str]]): Cells.
        content (dict[str, Any]): All of the file but the paper's numbers.
    """

    title: str
    configuration: str
    machines: list[str]
    header: list[str]
    rows: list[list[str]]
    content: dict[str, Any]


def load_experiments(folder: Path) -> list[Experiment]:
    """Read the result files of the paper's experiments."""
    return [read_experiment(path, kind) for kind in KINDS for path in sorted(folder.glob(f"{kind}_*.json"))]


def read_experiment(path: Path, kind: str) -> Experiment:
    """Read the result file of an experiment."""
    content = read_object(path)
    name = path.stem.removeprefix(f"{kind}_")
    try:
        header, rows = _lay_out(content, kind)
        machines = [run.get("machine") or {} for run in content["runs"].values()]
        return Experiment(
            title=f"{name} ({KINDS[kind]})",
            configuration=describe_configuration(content),
            machines=list(dict.fromkeys(", ".join(f"{key} {value}" for key, value in one.items()) for one in machines)),
            header=header,
            rows=rows,
            content={key: value for key, value in content.items() if key != "paper"},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"cannot read {path}: expected runs by row/seed, found: {error!r}"
        raise ValueError(msg) from error


def describe_configuration(content: dict[str, Any]) -> str:
    """Write what a result was made with, without the data."""
    extra = " ".join(content.get("extra", [])).replace("--data.root=DIR", "").replace("--data.root DIR", "")
    return " ".join([content.get("config", "configuration not recorded"), *extra.split()])


def values_of(content: dict[str, Any], metric: str) -> dict[str, list[float]]:
    """Collect a metric."""
    found: dict[str, list[float]] = {}
    for key, metrics in content["runs"].items():
        if metric in metrics:
            found.setdefault(key.rpartition("/")[0], []).append(metrics[metric])
    return found


def seed_means(content: dict[str, Any], metric: str) -> list[float]:
    """Average over the rows, seed by seed; only seeds that have all rows of the file count."""
    by_seed: dict[str, dict[str, float]] = {}
    for key, metrics in content["runs"].items():
        if metric in metrics:
            row, _, seed = key.rpartition("/")
            by_seed.setdefault(seed, {})[row] = metrics[metric]
    everything = values_of(content, metric).keys()
    return [mean(values.values()) for values in by_seed.values() if values.keys() == everything]


def with_spread(values: list[float], digits: int = 3, none: str = DASH) -> str:
    """Write a mean over seeds."""
    if not values:
        return none
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{spread}"


def _lay_out(content: dict[str, Any], kind: str) -> tuple[list[str], list[list[str]]]:
    """Set up header and rows: those that ran, in the paper's order, and their mean where the rows are alike."""
    published = content.get("paper", {})
    seeds: dict[str, list[int]] = {}
    for key in content["runs"]:
        row, _, seed = key.rpartition("/")
        seeds.setdefault(row, []).append(int(seed))
    rows = [*(row for row in published if row in seeds), *(row for row in seeds if row not in published)]
    ablation = kind == "ablation"
    labels = {row: ABLATION[row].label if ablation and row in ABLATION else row for row in rows}
    columns = {FIRST_COLUMN[kind]: {**labels, MEAN_ROW: f"mean of {len(rows)}"}}
    columns["seeds"] = {row: str(len(found)) for row, found in seeds.items()}
    for measure in ACCURACY:
        values = {row: with_spread(found) for row, found in values_of(content, measure.key).items()}
        if not values:
            continue
        columns[measure.title] = {**values, MEAN_ROW: with_spread(seed_means(content, measure.key))}
        paper = {row: share(cells[measure.key]) for row, cells in published.items() if measure.key in cells}
        if not ablation and MEAN in paper:
            mean_of_all = paper.pop(MEAN)
            # It stands beside nothing less than all rows.
            paper[MEAN_ROW] = mean_of_all if seeds.keys() == published.keys() - {MEAN} else DASH
        if paper:
            columns[f"paper's {measure.title}{' on MVTec AD' if ablation else ''}"] = paper
    times = values_of(content, SECONDS)
    if times:
        columns["time of a run"] = {row: duration(mean(found)) for row, found in times.items()}
    shown = rows if ablation else [*rows, MEAN_ROW]
    return list(columns), [[column.get(row, DASH) for column in columns.values()] for row in shown]
