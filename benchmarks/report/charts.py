# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Coordinates of charts for inline SVG; the template draws them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from matplotlib.ticker import MaxNLocator

from .curves import Curves, Histogram

WIDTH, HEIGHT = 360, 280
# Room for the labels of the axes.
LEFT, RIGHT, TOP, BOTTOM = 54, 348, 10, 238


@dataclass(frozen=True)
class Axis:
    """A linear axis.

    Args:
        low (float): Value at the start.
        high (float): Value at the end, above ``low``.
        start (float): Coordinate of ``low``.
        end (float): Coordinate of ``high``.
    """

    low: float
    high: float
    start: float
    end: float

    def place(self, values: Iterable[float] | np.ndarray) -> list[str]:
        """Turn values into coordinates, to a tenth of a unit."""
        scale = (self.end - self.start) / (self.high - self.low)
        return [f"{self.start + (value - self.low) * scale:.1f}" for value in values]

    def ticks(self, *, percent: bool = False) -> list[tuple[str, str]]:
        """Choose round values."""
        values = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        slack = 1e-9 * (self.high - self.low)
        values = [value for value in values if self.low - slack <= value <= self.high + slack]
        labels = [f"{100 * value:.3g} %" if percent else f"{value:.10g}" for value in values]
        return list(zip(self.place(values), labels, strict=True))


@dataclass(frozen=True)
class Line:
    """A line or an outlined area.

    Args:
        path (str): Commands of an SVG path.
        style (str): CSS classes.
    """

    path: str
    style: str


@dataclass(frozen=True)
class Chart:
    """What the template needs to draw a chart.

    Args:
        title (str): What a reader who does not see the chart is told.
        x_title (str): Title of the horizontal axis.
        y_title (str): Title of the vertical axis.
        x_ticks (list[tuple[str, str]]): Coordinates and labels.
        y_ticks (list[tuple[str, str]]): Coordinates and labels.
        lines (list[Line]): From back to front.
        width (int): Size of the drawing, with the labels. Defaults to ``360``.
        height (int): Defaults to ``280``.
        left (int): Corner of the axes. Defaults to ``54``.
        right (int): Defaults to ``348``.
        top (int): Defaults to ``10``.
        bottom (int): Defaults to ``238``.
    """

    title: str
    x_title: str
    y_title: str
    x_ticks: list[tuple[str, str]]
    y_ticks: list[tuple[str, str]]
    lines: list[Line]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM


_UNIT_X = Axis(0, 1, LEFT, RIGHT)
_UNIT_Y = Axis(0, 1, BOTTOM, TOP)


def roc_chart(title: str, curves: Iterable[tuple[str, Curves]]) -> Chart:
    """Draw ROC curves, and the diagonal that guessing gives."""
    lines = [Line(f"M{LEFT} {BOTTOM}L{RIGHT} {TOP}", "chance")]
    for style, curve in curves:
        points = zip(_UNIT_X.place(curve.false_positive_rate), _UNIT_Y.place(curve.true_positive_rate), strict=True)
        # Points that a reader cannot tell apart would only make the page larger.
        lines.append(Line("M" + "L".join(dict.fromkeys(f"{x} {y}" for x, y in points)), style))
    return _unit_chart(title, "false positive rate", "true positive rate", lines)


def precision_recall_chart(title: str, curves: Iterable[tuple[str, Curves]], prevalence: float) -> Chart:
    """Draw precision-recall curves as steps, and the precision that guessing gives."""
    (level,) = _UNIT_Y.place([prevalence])
    lines = [Line(f"M{LEFT} {level}H{RIGHT}", "chance")]
    for style, curve in curves:
        points = list(zip(_UNIT_X.place(curve.recall), _UNIT_Y.place(curve.precision), strict=True))
        # Within one abscissa the precision may come back to a value, so only neighbours are duplicates.
        steps = "".join(step for step, _ in groupby(f"H{x}V{y}" for x, y in points[1:]))
        lines.append(Line(f"M{points[0][0]} {points[0][1]}{steps}", style))
    return _unit_chart(title, "recall", "precision", lines)


def histogram_chart(title: str, histogram: Histogram) -> Chart:
    """Draw the outlines of two histograms over each other."""
    highest = max(histogram.normal.max(), histogram.anomalous.max())
    x_axis = Axis(histogram.edges[0], histogram.edges[-1], LEFT, RIGHT)
    y_axis = Axis(0, 1.05 * highest, BOTTOM, TOP)
    lines = []
    for shares, style in ((histogram.normal, "normal"), (histogram.anomalous, "anomalous")):
        tops = zip(y_axis.place(shares), x_axis.place(histogram.edges[1:]), strict=True)
        lines.append(Line(f"M{LEFT} {BOTTOM}" + "".join(f"V{y}H{x}" for y, x in tops) + f"V{BOTTOM}Z", style))
    return Chart(title, "score", "share of the class", x_axis.ticks(), y_axis.ticks(percent=True), lines)


def _unit_chart(title: str, x_title: str, y_title: str, lines: list[Line]) -> Chart:
    return Chart(title, x_title, y_title, _UNIT_X.ticks(), _UNIT_Y.ticks(), lines)
