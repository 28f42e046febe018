# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Curves and histograms of image scores, as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from .runs import Run
from .scores import Scores

BINS = 24


@dataclass(frozen=True)
class Curves:
    """How well the scores of one run separate the two classes.

    Args:
        false_positive_rate (np.ndarray): Abscissae of the ROC curve, ascending, shape (K,).
        true_positive_rate (np.ndarray): Its ordinates, shape (K,).
        recall (np.ndarray): Abscissae of the precision-recall curve, descending, shape (L,).
        precision (np.ndarray): Its ordinates, shape (L,). A value holds from its recall down to the next.
        auroc (float): Area under the ROC curve, range [0, 1].
        average_precision (float): Area under the precision-recall curve as a step function, range [0, 1].
    """

    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    recall: np.ndarray
    precision: np.ndarray
    auroc: float
    average_precision: float


@dataclass(frozen=True)
class Histogram:
    """Shares of both classes over bins of the score.

    Args:
        edges (np.ndarray): Borders of the bins, ascending, shape (B + 1,).
        normal (np.ndarray): Share of the normal images in each bin, shape (B,); zeros if there is no such image.
        anomalous (np.ndarray): The same of the anomalous images, shape (B,).
    """

    edges: np.ndarray
    normal: np.ndarray
    anomalous: np.ndarray


def compute_curves(scores: Scores) -> Curves:
    """Compute both curves."""
    labels, values = scores.labels, scores.values
    false_positive_rate, true_positive_rate, _ = roc_curve(labels, values)
    precision, recall, _ = precision_recall_curve(labels, values, drop_intermediate=True)
    return Curves(
        false_positive_rate,
        true_positive_rate,
        recall,
        precision,
        float(roc_auc_score(labels, values)),
        float(average_precision_score(labels, values)),
    )


def compute_histogram(scores: Scores, bins: int = BINS) -> Histogram:
    """Count both classes over the range of all scores."""
    low, high = float(scores.values.min()), float(scores.values.max())
    scale = max(abs(low), abs(high))
    # Scores that are all but equal share a bin in the middle; narrower bins would have no width.
    if high - low <= 1e-6 * scale:
        low, high = low - (0.1 * scale or 0.5), high + (0.1 * scale or 0.5)
    edges = np.linspace(low, high, bins + 1)
    counts = [np.histogram(scores.values[scores.labels == label], edges)[0] for label in (0, 1)]
    normal, anomalous = (count / max(1, count.sum()) for count in counts)
    return Histogram(edges, normal, anomalous)


def typical_run(runs: Sequence[Run]) -> Run:
    """Choose the run that stands for all seeds in the figures: of the median image AUROC, the lower one of two."""
    scored = [(roc_auc_score(run.scores.labels, run.scores.values), run.seed, run)
              for run in runs if run.scores is not None and run.scores.has_both_classes]  # fmt: skip
    scored.sort(key=lambda entry: entry[:2])
    return scored[(len(scored) - 1) // 2][2] if scored else runs[0]
