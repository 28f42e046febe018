# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One static page that shows what compared models and the paper's experiments reached and how."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from anomalib_scadn.files import write_whole
from layout import ACCURACY, COST

from .figures import draw_data, line_style
from .runs import PaperValues, Run, load_paper_values, load_runs
from .tables import DASH, KINDS, Experiment, Row, build_table, load_experiments


def write_report(folder: Path, output: Path) -> None:
    """Write the report of a folder of results."""
    page = render(folder.resolve().name, *load_results(folder))
    output.parent.mkdir(parents=True, exist_ok=True)
    # Names of files may be no Unicode.
    write_whole(output, page.encode("utf-8", "replace"))


def load_results(folder: Path) -> tuple[list[Run], PaperValues, list[Experiment]]:
    """Read all results of a folder, and the published values that stand beside them."""
    runs, experiments = load_runs(folder), load_experiments(folder)
    if not runs and not experiments:
        names = ", ".join(f"{kind}_NAME.json" for kind in KINDS)
        msg = f"no results in {folder}: expected <data>/<model>/seed<k>/result.json, or {names}"
        raise ValueError(msg)
    return runs, load_paper_values(folder), experiments


def render(name: str, runs: Sequence[Run], paper: PaperValues, experiments: Sequence[Experiment]) -> str:
    """Write the page as text."""
    models = sorted({run.model for run in runs})
    # A model has one colour on the whole page.
    styles = {model: line_style(index) for index, model in enumerate(models)}
    data = [draw_data(data, list(group), styles) for data, group in groupby(runs, key=lambda run: run.data)]
    tables = [(title, some, build_table(runs, some, paper)) for title, some in (("Accuracy", ACCURACY), ("Cost", COST))]
    facts = {"models": models, "runs": runs, "data": data, "experiments": experiments}
    facts["tables"] = [table for table in tables if _has_values(table[-1])]
    template = _environment().get_template("page.html")
    return template.render(name=name, dash=DASH, version=version("anomalib-scadn"), **facts)


def _has_values(table: dict[str, list[Row]]) -> bool:
    cells = [cell for rows in table.values() for row in rows for cell in row.cells]
    return any(cell.paper or cell.text != DASH for cell in cells)


def _environment() -> Environment:
    # Every value is escaped; a name that the template misspells is an error, not a gap.
    blocks = {"trim_blocks": True, "lstrip_blocks": True}
    loader = PackageLoader("report")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, **blocks)
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    return environment
