# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Figures of a data set."""

import pytest

from report.figures import draw_data, embed, line_style
from report.runs import load_runs


def test_lines_differ_in_colour_and_dash():
    styles = [line_style(index) for index in range(42)]
    assert len(set(styles)) == 42
    first = [style.split() for style in styles[:6]]
    assert len({colour for colour, _ in first}) == len({dash for _, dash in first}) == 6


def test_the_figures_are_those_of_the_typical_seed(results, add_run, drawn_scores):
    for seed, shift in enumerate((0.0, 3.0, 1.0)):
        add_run(seed=seed, scores=drawn_scores(shift=shift), pictures=seed == 2)
    figures = draw_data("lace", load_runs(results), {"scadn": "colour0"})
    (model,) = figures.models
    assert model.seed == 2
    assert (model.examples.width, model.examples.height) == (6, 4)
    assert len(model.runs) == 3
    assert figures.counts == "40 normal and 20 anomalous test images"
    assert f"scadn {model.curves.auroc:.3f}" in figures.charts[0].title
    assert [len(images) for _, images in model.worst] == [5, 5]


def test_one_class_gives_a_histogram_but_no_curve(results, add_run):
    add_run(scores=[("a.png", 0, 1.0), ("b.png", 0, 2.0)])
    figures = draw_data("lace", load_runs(results), {"scadn": "colour0"})
    assert figures.charts == []
    assert figures.models[0].histogram is not None
    assert [heading for heading, _ in figures.models[0].worst] == ["Normal images with the highest scores"]


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(20), "cut"])
def test_a_broken_picture_is_named(add_run, data):
    path = add_run(pictures=True) / "examples.png"
    path.write_bytes(path.read_bytes()[:45] if data == "cut" else data)
    with pytest.raises(ValueError, match=f"cannot read {path}: expected a picture in PNG"):
        embed(path)
