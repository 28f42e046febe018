# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of data sets and models, and of the paper's experiments: what was measured beside published values."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from layout import Measure, median_and_range, spread
from paper_tables import NONE as DASH
from paper_tables import describe_configuration, experiment_table

from .runs import PaperValues, Run, read_object

KINDS = {
    "paper": "Tables 1 to 3",
    "one_class": "Table 5, one-class classification",
    "ablation": "Table 4, ablation",
}
"""What names of result files begin with (an underscore and a name follow), and what of the paper they repeat."""


@dataclass(frozen=True)
class Cell:
    """One value of a table: the median over seeds with lowest and highest, or a dash; the paper's value.

    No model is best in times and memory, unless all ran on one machine with the same versions.
    """

    text: str = DASH
    paper: str = ""
    is_best: bool = False


@dataclass(frozen=True)
class Row:
    """A model on a data set with a cell per measure, or a method of the paper that was not run here, with no seed."""

    name: str
    seeds: int
    cells: list[Cell]


def build_table(runs: Sequence[Run], measures: Sequence[Measure], paper: PaperValues) -> dict[str, list[Row]]:
    """Set up the rows of a table."""
    table = {}
    for data, of_data in groupby(runs, key=lambda run: run.data):
        published = {method.lower(): (method, values) for method, values in paper.get(data, {}).items()}
        by_model = {model: list(group) for model, group in groupby(of_data, key=lambda run: run.model)}
        columns = [_column(by_model, measure, published) for measure in measures]
        rows = [Row(model, len(group), [column[model] for column in columns]) for model, group in by_model.items()]
        for method in published.keys() - {model.lower() for model in by_model}:
            cells = [Cell(paper=_published(published, method, measure)) for measure in measures]
            if any(cell.paper for cell in cells):
                rows.append(Row(published[method][0], 0, cells))
        table[data] = sorted(rows, key=lambda row: (row.seeds == 0, row.name))
    return table


def _column(by_model: dict[str, list[Run]], measure: Measure, published: dict[str, tuple]) -> dict[str, Cell]:
    values = {
        model: [run.values[measure.key] for run in runs if measure.key in run.values]
        for model, runs in by_model.items()
    }
    medians = {model: median(found) for model, found in values.items() if found}
    comparable = not measure.needs_same_machine or _share_machine([run for runs in by_model.values() for run in runs])
    best = None
    if len(medians) > 1 and measure.higher_is_better is not None and comparable:
        best = measure.text((max if measure.higher_is_better else min)(medians.values()))
    return {
        model: Cell(
            spread(median_and_range(found), measure.text) if found else DASH,
            _published(published, model.lower(), measure),
            is_best=bool(found) and measure.text(medians[model]) == best,  # what reads the same is equally good
        )
        for model, found in values.items()
    }


def _share_machine(runs: list[Run]) -> bool:
    """Whether all runs were made on one machine with the same versions, so far as both were recorded."""
    described = [{**(run.result.get("machine") or {}), **(run.result.get("versions") or {})} for run in runs]
    return all(len({str(one[name]) for one in described if name in one}) == 1 for name in set().union(*described))


def _published(published: dict[str, tuple], method: str, measure: Measure) -> str:
    values = published.get(method, ("", {}))[1]
    return measure.text(values[measure.key]) if measure.key in values else ""


@dataclass(frozen=True)
class Experiment:
    """A result file of one of the paper's experiments; the content is all of it but the paper's numbers."""

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
    title = f"{path.stem.removeprefix(f'{kind}_')} ({KINDS[kind]})"
    try:
        table = experiment_table(content, kind)
        machines = [run.get("machine") or {} for run in content["runs"].values()]
        described = dict.fromkeys(", ".join(f"{key} {value}" for key, value in one.items()) for one in machines)
        shown = {key: value for key, value in content.items() if key != "paper"}
        return Experiment(title, describe_configuration(content), list(described), *table, shown)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"cannot read {path}: expected runs by row/seed, found: {error!r}"
        raise ValueError(msg) from error
