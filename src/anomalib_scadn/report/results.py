# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""All results of a folder: runs of comparisons, and the paper's experiments with the paper's own numbers."""

from pathlib import Path
from statistics import mean
from typing import Any

from .runs import PaperValues, Run, load_paper_values, load_runs, read_object

EXPERIMENTS = ("paper", "one_class", "ablation")
"""What names of experiments' result files begin with; an underscore and a name of their own follow."""

MODEL = "scadn"
MEAN = "mean"


def load_results(folder: Path) -> tuple[list[Run], PaperValues]:
    """Read all results of a folder, and the published values that stand beside them.

    Args:
        folder (Path): Folder with ``<data>/<model>/seed<k>/result.json``, perhaps ``paper.json``, and result files of
            experiments, ``paper_NAME.json``, ``one_class_NAME.json`` or ``ablation_NAME.json``.

    Returns:
        tuple[list[Run], PaperValues]: Runs, sorted by data set, model and seed, at least one, and published values.

    Raises:
        ValueError: If there is no result, or a file is broken.
        OSError: If a file cannot be read.
    """
    runs, paper = load_runs(folder), load_paper_values(folder)
    for kind in EXPERIMENTS:
        for path in folder.glob(f"{kind}_*.json"):
            found, published = read_experiment(path, kind)
            runs += found
            paper = {**published, **paper}
    if not runs:
        names = ", ".join(f"{kind}_NAME.json" for kind in EXPERIMENTS)
        msg = f"no results in {folder}: expected <data>/<model>/seed<k>/result.json, or {names}"
        raise ValueError(msg)
    return sorted(runs, key=lambda run: (run.data, run.model, run.seed)), paper


def read_experiment(path: Path, kind: str) -> tuple[list[Run], PaperValues]:
    """Read the result file of an experiment.

    The file's ``runs`` have keys ``row/seed``; its ``paper`` holds published values by row, the row ``mean`` being that
    over all others. Rows are data sets, but for the ablation, whose rows are models and whose published values are of
    other data.

    Args:
        path (Path): Result file.
        kind (str): One of ``EXPERIMENTS``.

    Returns:
        tuple[list[Run], PaperValues]: Its runs, a mean for every seed that has all the paper's rows, published values.

    Raises:
        ValueError: If the file is broken.
        OSError: If it cannot be read.
    """
    content = read_object(path)
    name = path.stem.removeprefix(f"{kind}_")
    try:
        settings = {key: value for key, value in content.items() if key not in ("runs", "paper")}
        by_row = _split_keys(content["runs"])
        published = content.get("paper", {})
        if kind == "ablation":
            runs = [
                _run(name, row, seed, one, settings) for row, seeds in by_row.items() for seed, one in seeds.items()
            ]
            return runs, {name: {f"{row}, paper on MVTec AD": values for row, values in published.items()}}
        if MEAN in published:
            by_row[MEAN] = _means(by_row, published.keys() - {MEAN})
        runs = [
            _run(f"{name}, {row}", MODEL, seed, one, settings)
            for row, seeds in by_row.items()
            for seed, one in seeds.items()
        ]
        return runs, {f"{name}, {row}": {MODEL: values} for row, values in published.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"cannot read {path}: expected runs by row/seed, found: {error!r}"
        raise ValueError(msg) from error


def _split_keys(runs: dict[str, dict[str, Any]]) -> dict[str, dict[int, dict[str, Any]]]:
    by_row: dict[str, dict[int, dict[str, Any]]] = {}
    for key, values in runs.items():
        row, _, seed = key.rpartition("/")
        by_row.setdefault(row, {})[int(seed)] = values
    return by_row


def _means(by_row: dict[str, dict[int, dict[str, Any]]], rows: set[str]) -> dict[int, dict[str, Any]]:
    """Average each seed that has all rows; the paper's mean stands beside nothing less."""
    complete = set.intersection(*(set(by_row.get(row, {})) for row in rows)) if rows else set()
    means = {}
    for seed in complete:
        found = [by_row[row][seed] for row in rows]
        shared = set.intersection(*(set(values) for values in found)) - {"machine"}
        means[seed] = {key: mean(values[key] for values in found) for key in sorted(shared)}
    return means


def _run(data: str, model: str, seed: int, values: dict[str, Any], settings: dict[str, Any]) -> Run:
    metrics = {key: value for key, value in values.items() if key != "machine"}
    result = {"configuration": settings, "metrics": metrics, "machine": values.get("machine")}
    return Run(data, model, seed, result)
