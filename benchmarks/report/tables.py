# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of data sets and models: medians and spread over seeds, beside published values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import median

from .measures import SPACE, Measure
from .runs import PaperValues, Run

DASH = "\N{EN DASH}"


@dataclass(frozen=True)
class Cell:
    """One value of a table.

    Args:
        text (str): Median over seeds, or a dash.
        spread (str): Lowest and highest over seeds, "" if they read the same.
        paper (str): Published value, "" if there is none.
        is_best (bool): Whether no other model of the data set is better; of times and memory no model is, unless all
            ran on one machine with the same versions.
    """

    text: str = DASH
    spread: str = ""
    paper: str = ""
    is_best: bool = False


@dataclass(frozen=True)
class Row:
    """A model on a data set.

    Args:
        name (str): Model, or method of the paper.
        seeds (int): Number of runs; 0 for a method that was not run here.
        cells (list[Cell]): A cell per measure.
    """

    name: str
    seeds: int
    cells: list[Cell]


def build_table(runs: Sequence[Run], measures: Sequence[Measure], paper: PaperValues) -> dict[str, list[Row]]:
    """Set up the rows of a table."""
    table = {}
    for data, of_data in groupby(runs, key=lambda run: run.data):
        published = {method.lower(): values for method, values in paper.get(data, {}).items()}
        names = {method.lower(): method for method in paper.get(data, {})}
        by_model = {model: list(group) for model, group in groupby(of_data, key=lambda run: run.model)}
        columns = [_column(by_model, measure, published) for measure in measures]
        rows = [Row(model, len(group), [column[model] for column in columns]) for model, group in by_model.items()]
        run_here = {model.lower() for model in by_model}
        for method in published.keys() - run_here:
            cells = [Cell(paper=_published(published[method], measure)) for measure in measures]
            if any(cell.paper for cell in cells):
                rows.append(Row(names[method], 0, cells))
        table[data] = sorted(rows, key=lambda row: (row.seeds == 0, row.name))
    return table


def _column(
    by_model: dict[str, list[Run]], measure: Measure, published: dict[str, dict[str, float]]
) -> dict[str, Cell]:
    medians, cells = {}, {}
    for model, runs in by_model.items():
        values = [run.values[measure.key] for run in runs if measure.key in run.values]
        text = _published(published.get(model.lower(), {}), measure)
        if values:
            medians[model] = median(values)
            lowest, highest = measure.text(min(values)), measure.text(max(values))
            spread = f"{lowest}{SPACE}to {highest}" if lowest != highest else ""
            cells[model] = Cell(measure.text(medians[model]), spread, text)
        else:
            cells[model] = Cell(paper=text)
    comparable = not measure.needs_same_machine or _share_machine([run for runs in by_model.values() for run in runs])
    if len(medians) > 1 and measure.higher_is_better is not None and comparable:
        best = measure.text((max if measure.higher_is_better else min)(medians.values()))
        # What reads the same is equally good.
        cells = {model: replace(cell, is_best=cell.text == best) for model, cell in cells.items()}
    return cells


def _share_machine(runs: list[Run]) -> bool:
    """Whether all runs were made on one machine with the same versions, so far as both were recorded."""
    described = [{**(run.result.get("machine") or {}), **(run.result.get("versions") or {})} for run in runs]
    return all(len({str(one[name]) for one in described if name in one}) == 1 for name in set().union(*described))


def _published(values: dict[str, float], measure: Measure) -> str:
    return measure.text(values[measure.key]) if measure.key in values else ""
