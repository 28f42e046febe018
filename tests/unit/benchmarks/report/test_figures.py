# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Figures of a data set."""

import base64

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay, roc_auc_score
from torchmetrics.functional.classification import (
    binary_auroc,
    binary_average_precision,
    binary_precision_recall_curve,
    binary_roc,
)

from report.figures import (
    STYLE,
    bin_edges,
    curves_figure,
    draw_data,
    embed,
    embed_figure,
    histogram_figure,
    line_style,
    typical_run,
)
from report.runs import Run, load_runs

STYLES = {"m": line_style(1)}


def run_of(rows, seed=0):
    return Run("d", "m", seed, {}, pd.DataFrame(rows, columns=["path", "gt_label", "pred_score"]))


def points(x, y):
    return {(round(float(a), 5), round(float(b), 5)) for a, b in zip(x, y, strict=True)}


def test_curves_agree_with_torchmetrics(drawn_scores):
    run = run_of(drawn_scores())
    values, labels = torch.tensor(run.scores["pred_score"]).sigmoid(), torch.tensor(run.scores["gt_label"])
    figure, (roc,) = curves_figure(RocCurveDisplay, [run], STYLES, ("x", "y"), [0, 1])
    line, chance = figure.axes[0].lines
    assert points(*line.get_data()) <= points(*binary_roc(values, labels)[:2])
    assert points(*chance.get_data()) == {(0, 0), (1, 1)}
    # The points that were left out lie on lines between the others.
    area = np.trapezoid(line.get_ydata(), line.get_xdata())
    assert area == pytest.approx(roc.roc_auc) == pytest.approx(binary_auroc(values, labels).item(), abs=1e-6)
    figure, (display,) = curves_figure(PrecisionRecallDisplay, [run], STYLES, ("x", "y"), [0.3, 0.3])
    precision, recall, _ = binary_precision_recall_curve(values, labels)
    line, chance = figure.axes[0].lines
    assert points(*line.get_data()) <= points(recall, precision)
    assert points(*chance.get_data()) == {(0, 0.3), (1, 0.3)}
    expected = binary_average_precision(values, labels).item()
    assert display.average_precision == pytest.approx(expected, abs=1e-6)


def test_the_steps_of_the_precision_recall_curve_enclose_the_average_precision(drawn_scores):
    figure, (display,) = curves_figure(PrecisionRecallDisplay, [run_of(drawn_scores(1))], STYLES, ("x", "y"), [0, 0])
    line = figure.axes[0].lines[0]
    assert line.get_drawstyle() == "steps-post"  # each precision holds to the next recall
    area = -(np.diff(line.get_xdata()) * line.get_ydata()[:-1]).sum()
    assert area == pytest.approx(display.average_precision)


def test_a_line_has_its_models_style_and_stands_in_the_legend(drawn_scores):
    figure, _ = curves_figure(RocCurveDisplay, [run_of(drawn_scores(), seed=7)], STYLES, ("x", "y"), [0, 1])
    (axes,) = figure.axes
    assert axes.lines[0].get_color() == axes.get_legend().get_lines()[0].get_color() == STYLES["m"]["color"]
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts[0].startswith("m, seed 7 (AUC = 0.")
    assert texts[1] == "guessing"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")


def test_points_that_cannot_be_told_apart_do_not_make_the_page_larger():
    labels = np.random.default_rng(0).integers(0, 2, 100_000)
    run = run_of([("a", label, place) for place, label in enumerate(labels)])
    for display in (RocCurveDisplay, PrecisionRecallDisplay):
        figure, _ = curves_figure(display, [run], STYLES, ("x", "y"), [0, 1])
        assert len(embed_figure(figure, "").source) < 200_000


def test_a_histogram_holds_shares_of_each_class():
    scores = run_of([("a", 0, 0.0), ("b", 0, 0.1), ("c", 0, 0.9), ("d", 1, 1.0)]).scores
    with mpl.rc_context(STYLE):
        figure = histogram_figure(scores, bins=2)
        svg = base64.b64decode(embed_figure(figure, "").source.partition(",")[2]).decode()
    normal, anomalous = (patch.get_data() for patch in figure.axes[0].patches)
    np.testing.assert_allclose(normal.edges, [0, 0.5, 1])
    np.testing.assert_allclose(normal.values, [2 / 3, 1 / 3])
    np.testing.assert_allclose(anomalous.values, [0, 1])
    assert len({(patch.get_edgecolor(), patch.get_linestyle()) for patch in figure.axes[0].patches}) == 2
    assert all(f">{text}<" in svg for text in ("100%", "normal", "anomalous", "share of the class"))


@pytest.mark.parametrize("values", [(0.0, 0.0), (0.3, 0.3), (1e20, 1e20), (-5e9, -5e9 + 1e-6)])
def test_a_histogram_can_do_with_one_class_and_equal_scores(values):
    assert (np.diff(bin_edges(np.array(values), 24)) > 0).all()
    normal, anomalous = histogram_figure(run_of([("a", 0, value) for value in values]).scores).axes[0].patches
    assert normal.get_data().values.max() == 1
    assert anomalous.get_data().values.sum() == 0


@pytest.mark.parametrize(("order", "expected"), [([2, 0, 1], 1), ([3, 0, 1, 2], 1)])
def test_the_typical_run_has_the_median_auroc(order, expected):
    """A run's quality is its place in the order; of two medians the lower counts."""
    runs = [
        run_of([("a", 0, 1), ("b", 1, quality - 0.5), ("c", 0, 2), ("d", 0, 0)], seed)
        for seed, quality in enumerate(order)
    ]
    assert order[typical_run(runs).seed] == expected


def test_without_curves_the_first_run_is_typical():
    runs = [Run("d", "m", 0, {}), run_of([("a", 0, 1)], 1)]
    assert typical_run(runs) is runs[0]


def test_lines_differ_in_colour_and_dash():
    styles = [line_style(index) for index in range(42)]
    assert len({str(style) for style in styles}) == 42
    first = styles[:6]
    assert len({style["color"] for style in first}) == len({style["linestyle"] for style in first}) == 6


def test_the_figures_are_those_of_the_typical_seed(results, add_run, drawn_scores):
    for seed, shift in enumerate((0.0, 3.0, 1.0)):
        add_run(seed=seed, scores=drawn_scores(shift=shift), pictures=seed == 2)
    figures = draw_data("lace", load_runs(results), {"scadn": line_style(0)})
    (model,) = figures.models
    assert model.run.seed == 2
    assert (model.examples.width, model.examples.height) == (6, 4)
    assert len(model.runs) == 3
    assert figures.counts == "40 normal and 20 anomalous test images"
    area = roc_auc_score(model.run.scores["gt_label"], model.run.scores["pred_score"])
    assert f"AUROC: scadn {area:.3f}" in figures.charts[0].alt
    assert "Average precision: scadn 0." in figures.charts[1].alt
    assert [len(images) for images in model.worst.values()] == [5, 5]


def test_one_class_gives_a_histogram_but_no_curve(results, add_run):
    add_run(scores=[("a.png", 0, 1.0), ("b.png", 0, 2.0)])
    figures = draw_data("lace", load_runs(results), {"scadn": line_style(0)})
    assert figures.charts == []
    assert figures.models[0].histogram is not None
    assert list(figures.models[0].worst) == ["Normal images with the highest scores"]


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(20), "cut"])
def test_a_broken_picture_is_named(add_run, data):
    path = add_run(pictures=True) / "examples.png"
    path.write_bytes(path.read_bytes()[:45] if data == "cut" else data)
    with pytest.raises(ValueError, match=f"cannot read {path}: expected a picture in PNG"):
        embed(path, "")
