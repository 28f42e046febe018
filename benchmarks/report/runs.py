# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""All results of a folder: runs of comparisons, the paper's experiments, and values that were published.

A run is ``<data>/<model>/seed<k>/result.json`` with ``scores.csv`` and pictures beside it; ``paper.json`` holds
published values by data set, method and measure.
"""

import json
import math
import re
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from summary import COUNTS

PaperValues = dict[str, dict[str, dict[str, float]]]

COLUMNS = ["path", "gt_label", "pred_score"]

DESCRIPTIONS = ("configuration", "machine", "versions")
"""What describes a run; the numbers in them are no measures."""

SAME_DATA = ("files", "drawn_files", "image_size")
"""What of their configurations all runs on a data set share, so far as it was recorded; and numbers of images."""


@dataclass(frozen=True)
class Run:
    """One training of one model on one data set, and its test; scores and pictures if they were kept."""

    data: str
    model: str
    seed: int
    result: dict[str, Any]
    scores: pd.DataFrame | None = None
    examples: Path | None = None
    extremes: Path | None = None

    @property
    def configuration(self) -> dict[str, Any]:
        """What decided the result, empty if that was not recorded."""
        found = self.result.get("configuration")
        return found if isinstance(found, dict) else {}

    @property
    def values(self) -> dict[str, float]:
        """Measured values by key, of repeats the median, those in groups included; only what is finite."""
        groups = [self.result, *(self.result[key] for key in self.result if key not in DESCRIPTIONS)]
        pairs = [pair for group in groups if isinstance(group, dict) for pair in group.items()]
        values = {key: value.get("median") if isinstance(value, dict) else value for key, value in pairs}
        return {key: float(value) for key, value in values.items() if _is_number(value)}

    @property
    def has_both_classes(self) -> bool:
        """Whether there are scores of normal and anomalous images, without which there is no curve."""
        return self.scores is not None and self.scores["gt_label"].nunique() == 2


def load_runs(folder: Path) -> list[Run]:
    """Read all runs below a folder."""
    found = [path for path in folder.glob("*/*/seed*/result.json") if re.fullmatch(r"seed-?\d+", path.parent.name)]
    runs = sorted(map(_load, found), key=lambda run: (run.data, run.model, run.seed))
    for first, other in pairwise(runs):
        if (first.data, first.model) == (other.data, other.model):
            _check_same(folder, first, other)
    for _, of_data in groupby(runs, key=lambda run: run.data):
        _check_same_data(folder, list(of_data))
    return runs


def _load(path: Path) -> Run:
    folder, (data, model, seed) = path.parent, path.parent.parts[-3:]
    scores, *pictures = (folder / name for name in ("scores.csv", "examples.png", "extremes.png"))
    table = read_scores(scores) if scores.exists() else None
    pictures = [one if one.exists() else None for one in pictures]
    return Run(data, model, int(seed.removeprefix("seed")), read_object(path), table, *pictures)


def read_scores(path: Path) -> pd.DataFrame:
    """Read image scores: 1 = anomalous, 0 = normal; scores are finite, higher = more anomalous."""
    try:
        table = pd.read_csv(path, usecols=COLUMNS, dtype=str, keep_default_na=False)
        scores = pd.to_numeric(table["pred_score"], errors="coerce").astype(float)
        wrong = table[~table["gt_label"].isin(["0", "1"]) | ~np.isfinite(scores)]
        if table.empty or len(wrong):
            msg = "none" if table.empty else str(wrong.iloc[0].to_dict())
            raise ValueError(msg)
    except ValueError as error:  # pandas' own are of that kind
        msg = f"cannot read {path}: expected rows with {', '.join(COLUMNS)}, found: {error}"
        raise ValueError(msg) from error
    return table.assign(gt_label=table["gt_label"].astype(int), pred_score=scores)


def load_paper_values(folder: Path) -> PaperValues:
    """Read the published values that the results are compared with."""
    path = folder / "paper.json"
    if not path.exists():
        return {}
    values = read_object(path)
    for methods in values.values():
        rows = methods.values() if isinstance(methods, dict) else [None]
        if not all(isinstance(row, dict) and all(map(_is_number, row.values())) for row in rows):
            msg = f"cannot read {path}: expected {{data set: {{method: {{measure: number}}}}}}, found {methods!r:.80}"
            raise ValueError(msg)
    return values


def _check_same(folder: Path, first: Run, other: Run) -> None:
    """Refuse seeds that an earlier configuration left."""
    pair = [run.result.get("configuration") for run in (first, other)]
    one, two = (value if isinstance(value, dict) else {"configuration": value} for value in pair)
    differing = sorted(name for name in (one.keys() | two.keys()) - {"seed"} if one.get(name) != two.get(name))
    if differing:
        msg = f"seeds {first.seed} and {other.seed} in {folder / first.data / first.model} were made with different "
        msg += f"configurations: {', '.join(differing)}; expected one, remove the older seed"
        raise ValueError(msg)


def _check_same_data(folder: Path, runs: list[Run]) -> None:
    """Refuse to compare models on other images, which an earlier comparison may have left in the same folder."""
    for name in (*SAME_DATA, *COUNTS):
        known = [run for run in runs if ("files" if name in COUNTS else name) in run.configuration]
        for run in known:
            one, two = (each.configuration.get(name, "all") for each in (known[0], run))
            if one != two:
                msg = f"{known[0].model} and {run.model} in {folder / run.data} were made with different {name}: {one} "
                msg += f"and {two}; expected the same, remove the older one"
                raise ValueError(msg)


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # broken JSON or broken UTF-8
        msg = f"cannot read {path}: expected a JSON object, found: {error}"
        raise ValueError(msg) from error
    if not isinstance(content, dict):
        msg = f"cannot read {path}: expected a JSON object, found {type(content).__name__}"
        raise ValueError(msg)
    return content


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
