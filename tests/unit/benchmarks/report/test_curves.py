# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Curves and histograms of image scores."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import (
    binary_auroc,
    binary_average_precision,
    binary_precision_recall_curve,
    binary_roc,
)

from report.curves import compute_curves, compute_histogram, typical_run
from report.runs import Run
from report.scores import Scores


def scores_of(rows):
    paths, labels, values = zip(*rows, strict=True)
    return Scores(paths, np.array(labels), np.array(values))


def points(x, y):
    return {(round(float(a), 5), round(float(b), 5)) for a, b in zip(x, y, strict=True)}


def test_curves_agree_with_torchmetrics(drawn_scores):
    scores = scores_of(drawn_scores())
    curves = compute_curves(scores)
    values, labels = torch.sigmoid(torch.tensor(scores.values)), torch.tensor(scores.labels)
    roc = points(*binary_roc(values, labels)[:2])
    precision, recall, _ = binary_precision_recall_curve(values, labels)
    assert points(curves.false_positive_rate, curves.true_positive_rate) <= roc
    assert points(curves.recall, curves.precision) <= points(recall, precision)
    # The points that were left out lie on lines between the others.
    area = np.trapezoid(curves.true_positive_rate, curves.false_positive_rate)
    assert area == pytest.approx(curves.auroc) == pytest.approx(binary_auroc(values, labels).item(), abs=1e-6)
    assert curves.average_precision == pytest.approx(binary_average_precision(values, labels).item(), abs=1e-6)


def test_the_steps_of_the_precision_recall_curve_enclose_the_average_precision(drawn_scores):
    curves = compute_curves(scores_of(drawn_scores(1)))
    area = -(np.diff(curves.recall) * curves.precision[:-1]).sum()
    assert area == pytest.approx(curves.average_precision)


def test_a_histogram_holds_shares_of_each_class():
    histogram = compute_histogram(scores_of([("a", 0, 0.0), ("b", 0, 0.1), ("c", 0, 0.9), ("d", 1, 1.0)]), bins=2)
    np.testing.assert_allclose(histogram.edges, [0, 0.5, 1])
    np.testing.assert_allclose(histogram.normal, [2 / 3, 1 / 3])
    np.testing.assert_allclose(histogram.anomalous, [0, 1])


@pytest.mark.parametrize("values", [(0.0, 0.0), (0.3, 0.3), (1e20, 1e20), (-5e9, -5e9 + 1e-6)])
def test_a_histogram_can_do_with_one_class_and_equal_scores(values):
    histogram = compute_histogram(scores_of([("a", 0, value) for value in values]))
    assert (np.diff(histogram.edges) > 0).all()
    assert histogram.normal.max() == 1
    assert histogram.anomalous.sum() == 0


@pytest.mark.parametrize(("order", "expected"), [([2, 0, 1], 1), ([3, 0, 1, 2], 1)])
def test_the_typical_run_has_the_median_auroc(order, expected):
    """A run's quality is its place in the order; of two medians the lower counts."""
    runs = [
        Run("d", "m", seed, {}, scores_of([("a", 0, 1), ("b", 1, quality - 0.5), ("c", 0, 2), ("d", 0, 0)]))
        for seed, quality in enumerate(order)
    ]
    assert order[typical_run(runs).seed] == expected


def test_without_curves_the_first_run_is_typical():
    runs = [Run("d", "m", 0, {}), Run("d", "m", 1, {}, scores_of([("a", 0, 1)]))]
    assert typical_run(runs) is runs[0]
