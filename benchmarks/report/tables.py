# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of data sets and models: medians and spread over seeds, beside published values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import median

from layout import Measure

from .runs import PaperValues, Run

DASH = "\N{EN DASH}"
SPACE = "\N{NO-BREAK SPACE}"
"""A number does not part from its unit."""


@dataclass(frozen=True)
class Cell:
    """One value of a table: the median over seeds or a dash, lowest and highest unless they read the same, the paper's.

    No model is best in times and memory, unless all ran on one machine with the same versions.
    """

    text: str = DASH
    spread: str = ""
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
    medians, cells = {}, {}
    for model, runs in by_model.items():
        values = [run.values[measure.key] for run in runs if measure.key in run.values]
        paper = _published(published, model.lower(), measure)
        cells[model] = Cell(paper=paper)
        if values:
            medians[model] = median(values)
            text, low, high = (_text(measure, value) for value in (medians[model], min(values), max(values)))
            cells[model] = Cell(text, f"{low}{SPACE}to {high}" if low != high else "", paper)
    comparable = not measure.needs_same_machine or _share_machine([run for runs in by_model.values() for run in runs])
    if len(medians) > 1 and measure.higher_is_better is not None and comparable:
        best = _text(measure, (max if measure.higher_is_better else min)(medians.values()))
        # What reads the same is equally good.
        cells = {model: replace(cell, is_best=cell.text == best) for model, cell in cells.items()}
    return cells


def _share_machine(runs: list[Run]) -> bool:
    """Whether all runs were made on one machine with the same versions, so far as both were recorded."""
    described = [{**(run.result.get("machine") or {}), **(run.result.get("versions") or {})} for run in runs]
    return all(len({str(one[name]) for one in described if name in one}) == 1 for name in set().union(*described))


def _published(published: dict[str, tuple], method: str, measure: Measure) -> str:
    values = published.get(method, ("", {}))[1]
    return _text(measure, values[measure.key]) if measure.key in values else ""


def _text(measure: Measure, value: float) -> str:
    return measure.text(value).replace(" ", SPACE)
