# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The paper's experiments: a table for each result file, our means over seeds beside the paper's numbers."""

from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from layout import ACCURACY, Table
from paper_tables import ABLATION, describe_configuration, seed_means, values_of, with_spread

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


@dataclass(frozen=True)
class Experiment:
    """A result file of one of the paper's experiments."""

    title: str
    configuration: str
    machines: list[str]
    header: list[str]
    rows: list[list[str]]
    content: dict[str, Any]
    """All of the file but the paper's numbers."""


def load_experiments(folder: Path) -> list[Experiment]:
    """Read the result files of the paper's experiments."""
    return [read_experiment(path, kind) for kind in KINDS for path in sorted(folder.glob(f"{kind}_*.json"))]


def read_experiment(path: Path, kind: str) -> Experiment:
    """Read the result file of an experiment."""
    content = read_object(path)
    title = f"{path.stem.removeprefix(f'{kind}_')} ({KINDS[kind]})"
    try:
        table = _lay_out(content, kind)
        machines = [run.get("machine") or {} for run in content["runs"].values()]
        described = dict.fromkeys(", ".join(f"{key} {value}" for key, value in one.items()) for one in machines)
        shown = {key: value for key, value in content.items() if key != "paper"}
        return Experiment(title, describe_configuration(content), list(described), *table, shown)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"cannot read {path}: expected runs by row/seed, found: {error!r}"
        raise ValueError(msg) from error


def _lay_out(content: dict[str, Any], kind: str) -> Table:
    """Set up header and rows: those that ran, in the paper's order, and their mean where the rows are alike."""
    published, ablation = content.get("paper", {}), kind == "ablation"
    seeds: dict[str, list[int]] = {}
    for key in content["runs"]:
        row, _, seed = key.rpartition("/")
        seeds.setdefault(row, []).append(int(seed))
    rows = [*(row for row in published if row in seeds), *(row for row in seeds if row not in published)]
    labels = {row: ABLATION[row].label if ablation and row in ABLATION else row for row in rows}
    columns = {FIRST_COLUMN[kind]: {**labels, MEAN_ROW: f"mean of {len(rows)}"}}
    columns["seeds"] = {row: str(len(found)) for row, found in seeds.items()}
    for measure in ACCURACY:
        values = {row: with_spread(found) for row, found in values_of(content, measure.key).items()}
        if not values:
            continue
        columns[measure.title] = {**values, MEAN_ROW: with_spread(seed_means(content, measure.key), none=DASH)}
        paper = {row: measure.text(cells[measure.key]) for row, cells in published.items() if measure.key in cells}
        if not ablation and MEAN in paper:
            mean_of_all = paper.pop(MEAN)
            # It stands beside nothing less than all rows.
            paper[MEAN_ROW] = mean_of_all if seeds.keys() == published.keys() - {MEAN} else DASH
        if paper:
            columns[f"paper's {measure.title}{' on MVTec AD' if ablation else ''}"] = paper
    if times := values_of(content, "seconds"):
        columns["time of a run"] = {row: f"{mean(found):.0f} s" for row, found in times.items()}
    shown = rows if ablation else [*rows, MEAN_ROW]
    return list(columns), [[column.get(row, DASH) for column in columns.values()] for row in shown]
