# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The page: everything read, computed, put into the template and written as one file."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from anomalib_scadn.files import write_whole

from .experiments import Experiment
from .figures import draw_data, line_style
from .measures import ACCURACY, COST
from .results import load_results
from .runs import PaperValues, Run
from .tables import DASH, Row, build_table


def write_report(folder: Path, output: Path) -> None:
    """Write the report of a folder of results."""
    page = render(folder.resolve().name, *load_results(folder))
    output.parent.mkdir(parents=True, exist_ok=True)
    # Names of files may be no Unicode.
    write_whole(output, page.encode("utf-8", "replace"))


def render(name: str, runs: Sequence[Run], paper: PaperValues, experiments: Sequence[Experiment]) -> str:
    """Write the page as text."""
    models = sorted({run.model for run in runs})
    # A model has one colour on the whole page.
    styles = {model: line_style(index) for index, model in enumerate(models)}
    data = [draw_data(data, list(group), styles) for data, group in groupby(runs, key=lambda run: run.data)]
    tables = [
        ("Accuracy", ACCURACY, build_table(runs, ACCURACY, paper)),
        ("Cost", COST, build_table(runs, COST, paper)),
    ]
    shown = [(title, measures, rows) for title, measures, rows in tables if _has_values(rows)]
    facts = {
        "version": version("anomalib-scadn"),
        "models": models,
        "runs": runs,
        "data": data,
        "tables": shown,
        "experiments": experiments,
    }
    return _environment().get_template("page.html").render(name=name, dash=DASH, **facts)


def _has_values(table: dict[str, list[Row]]) -> bool:
    cells = [cell for rows in table.values() for row in rows for cell in row.cells]
    return any(cell.paper or cell.text != DASH for cell in cells)


def _environment() -> Environment:
    # Every value is escaped; a name that the template misspells is an error, not a gap.
    environment = Environment(
        loader=PackageLoader("report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    return environment
