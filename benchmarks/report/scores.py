# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Image scores of one run: ``scores.csv`` with the columns ``path``, ``label`` and ``pred_score``."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

COLUMNS = ("path", "label", "pred_score")


@dataclass(frozen=True)
class Scores:
    """What a model gave the test images.

    Args:
        paths (tuple[str, ...]): Images, N of them.
        labels (np.ndarray): 1 = anomalous, 0 = normal, shape (N,).
        values (np.ndarray): Scores before normalization, finite, higher = more anomalous, shape (N,).
    """

    paths: tuple[str, ...]
    labels: np.ndarray
    values: np.ndarray

    @property
    def has_both_classes(self) -> bool:
        """Whether there are normal and anomalous images, without which there is no curve."""
        return bool(0 < self.labels.sum() < len(self.labels))

    def most_wrong(self, label: int, count: int) -> list[tuple[str, float]]:
        """Name the images that were nearest to being taken for the other class, or were."""
        found = np.flatnonzero(self.labels == label)
        order = self.values[found] if label else -self.values[found]
        worst = found[np.argsort(order, kind="stable")[:count]]
        return [(self.paths[index], float(self.values[index])) for index in worst]


def read_scores(path: Path) -> Scores:
    """Read a table of scores."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [_parse(row) for row in csv.DictReader(file)]
    except (csv.Error, ValueError) as error:
        msg = f"cannot read {path}: expected rows with {', '.join(COLUMNS)}, found: {error}"
        raise ValueError(msg) from error
    if not rows:
        msg = f"cannot read {path}: expected rows with {', '.join(COLUMNS)}, found none"
        raise ValueError(msg)
    paths, labels, values = zip(*rows, strict=True)
    return Scores(paths, np.array(labels), np.array(values))


def _parse(row: dict[str, str | None]) -> tuple[str, int, float]:
    name, label, score = (row.get(column) for column in COLUMNS)
    if name is None or score is None or label not in ("0", "1") or not math.isfinite(float(score)):
        msg = f"path {name!r}, label {label!r}, pred_score {score!r}"
        raise ValueError(msg)
    return name, int(label), float(score)
