# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Coordinates of charts."""

import re

import numpy as np
import pytest

from report.charts import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Axis,
    histogram_chart,
    precision_recall_chart,
    roc_chart,
)
from report.curves import Curves, Histogram


def vertices(path):
    """Follow the commands of a path."""
    x = y = None
    found = []
    for command, numbers in re.findall(r"([MLHVZ])([^MLHVZ]*)", path):
        values = [float(number) for number in numbers.split()]
        if command in "ML":
            x, y = values
        elif command == "H":
            (x,) = values
        elif command == "V":
            (y,) = values
        if command != "Z":
            found.append((x, y))
    return found


def to_unit(path):
    """Turn coordinates of a path back into values from 0 to 1."""
    return [((x - LEFT) / (RIGHT - LEFT), (y - BOTTOM) / (TOP - BOTTOM)) for x, y in vertices(path)]


CURVES = Curves(
    false_positive_rate=np.array([0, 0, 0.5, 0.5, 1]),
    true_positive_rate=np.array([0, 0.5, 0.5, 1, 1]),
    recall=np.array([1, 0.5, 0.5, 0]),
    precision=np.array([0.6, 0.4, 0.8, 1]),
    auroc=0.75,
    average_precision=0.7,
)


def test_values_are_placed_along_the_axis():
    assert Axis(-1, 1, 100, 0).place([-1, 0, 1]) == ["100.0", "50.0", "0.0"]


def test_ticks_are_round_values_within_the_axis():
    assert [label for _, label in Axis(0, 1, 0, 8).ticks()] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert Axis(0, 0.21, 0, 21).ticks(percent=True) == [
        ("0.0", "0 %"), ("5.0", "5 %"), ("10.0", "10 %"), ("15.0", "15 %"), ("20.0", "20 %")
    ]  # fmt: skip
    assert [label for _, label in Axis(1000.001, 1000.0011, 0, 1).ticks()][-2:] == ["1000.00108", "1000.0011"]
    small = [label for _, label in Axis(1e-5, 4e-5, 0, 1).ticks()]
    assert len(set(small)) == len(small) >= 3


def test_a_roc_curve_goes_through_its_points():
    chance, line = roc_chart("title", [("line colour0", CURVES)]).lines
    assert to_unit(chance.path) == [(0, 0), (1, 1)]
    points = list(zip(CURVES.false_positive_rate, CURVES.true_positive_rate, strict=True))
    np.testing.assert_allclose(to_unit(line.path), points, atol=1e-3)
    assert line.style == "line colour0"


def test_a_precision_recall_curve_holds_each_precision_to_the_next_recall():
    chance, line = precision_recall_chart("title", [("", CURVES)], prevalence=0.6).lines
    np.testing.assert_allclose(to_unit(chance.path), [(0, 0.6), (1, 0.6)], atol=1e-3)
    expected = [(1, 0.6), (0.5, 0.6), (0.5, 0.4), (0.5, 0.4), (0.5, 0.8), (0, 0.8), (0, 1)]
    np.testing.assert_allclose(to_unit(line.path), expected, atol=1e-3)


def test_points_that_cannot_be_told_apart_are_drawn_once():
    ramp = np.linspace(0, 1, 100_000)
    curves = Curves(ramp, ramp, ramp[::-1], np.full(100_000, 0.5), 0.5, 0.5)
    assert len(vertices(roc_chart("", [("", curves)]).lines[1].path)) < 6000
    assert len(vertices(precision_recall_chart("", [("", curves)], 0.5).lines[1].path)) < 7000


def test_a_precision_that_comes_back_within_one_abscissa_is_kept():
    curves = Curves(CURVES.recall, CURVES.recall, np.full(4, 0.5), np.array([0.2, 0.4, 0.2, 0.4]), 0.5, 0.5)
    path = precision_recall_chart("", [("", curves)], 0.5).lines[1].path
    np.testing.assert_allclose([y for _, y in to_unit(path)][::2], [0.2, 0.4, 0.2, 0.4], atol=1e-3)


@pytest.mark.parametrize("shares", [[0.0, 0.0], [0.25, 0.75]])
def test_a_histogram_is_a_closed_outline_of_its_bins(shares):
    histogram = Histogram(np.array([10.0, 20.0, 30.0]), np.array([1.0, 0.0]), np.array(shares))
    chart = histogram_chart("title", histogram)
    normal, anomalous = chart.lines
    assert (normal.style, anomalous.style) == ("normal", "anomalous")
    middle = (LEFT + RIGHT) / 2
    found = vertices(anomalous.path)
    assert found[0] == (LEFT, BOTTOM)
    assert found[-1] == (RIGHT, BOTTOM)
    assert [x for x, _ in found] == [LEFT, LEFT, middle, middle, RIGHT, RIGHT]
    heights = [(BOTTOM - y) / (BOTTOM - TOP) * 1.05 for _, y in found[1:4:2]]
    np.testing.assert_allclose(heights, shares, atol=2e-3)
    assert anomalous.path.endswith("Z")
