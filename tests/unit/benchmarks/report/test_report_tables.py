# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Medians, spread and published values."""

import pytest

from layout import Measure
from report.runs import Run
from report.tables import DASH, Cell, build_table

AUROC = Measure("image_AUROC", "image AUROC")
TIME = Measure("fit_s", "fit", higher_is_better=False, needs_same_machine=True)


def run(model, seed, data="lace", **values):
    return Run(data, model, seed, values)


def test_a_cell_holds_median_and_spread():
    runs = [run("scadn", seed, image_AUROC=value) for seed, value in enumerate((0.9, 0.7, 0.8))]
    (row,) = build_table(runs, [AUROC], {})["lace"]
    assert row.seeds == 3
    assert row.cells == [Cell("0.800 (0.700 to 0.900)")]


def test_one_seed_has_no_spread_and_a_missing_value_is_a_dash():
    (row,) = build_table([run("scadn", 0, image_AUROC=0.9)], [AUROC, TIME], {})["lace"]
    assert row.cells == [Cell("0.900"), Cell(DASH)]


def test_the_best_model_is_marked_whichever_way_better_lies():
    runs = [run("a", 0, image_AUROC=0.7, fit_s=1), run("b", 0, image_AUROC=0.9, fit_s=2), run("c", 0)]
    rows = build_table(runs, [AUROC, TIME], {})["lace"]
    assert [[cell.is_best for cell in row.cells] for row in rows] == [[False, True], [True, False], [False, False]]


@pytest.mark.parametrize("other", [{"machine": {"processor": "q"}}, {"versions": {"torch": "2"}}])
def test_across_machines_or_versions_no_time_is_best(other):
    same = {"machine": {"processor": "p"}, "versions": {"torch": "1"}}
    slow, fast = run("a", 0, image_AUROC=0.7, fit_s=2, **same), {"image_AUROC": 0.9, "fit_s": 1, **same}
    marks = {}
    for name, change in (("same", {"machine": {"processor": "p", "cores": 4}}), ("other", other)):
        rows = build_table([slow, run("b", 0, **{**fast, **change})], [AUROC, TIME], {})["lace"]
        marks[name] = [cell.is_best for cell in rows[1].cells]
    assert marks == {"same": [True, True], "other": [True, False]}


def test_values_that_read_the_same_have_no_spread():
    runs = [run("a", seed, image_AUROC=0.9 + 1e-6 * seed) for seed in range(2)]
    assert build_table(runs, [AUROC], {})["lace"][0].cells == [Cell("0.900")]


def test_of_sizes_none_is_best():
    size = Measure("parameters", "parameters", higher_is_better=None)
    runs = [run("a", 0, parameters=1), run("b", 0, parameters=2)]
    assert not any(row.cells[0].is_best for row in build_table(runs, [size], {})["lace"])


def test_models_that_read_the_same_are_equally_good():
    runs = [run("a", 0, image_AUROC=0.90001), run("b", 0, image_AUROC=0.90002)]
    assert all(row.cells[0].is_best for row in build_table(runs, [AUROC], {})["lace"])


def test_models_are_compared_within_a_data_set():
    runs = [run("a", 0, "x", image_AUROC=0.5), run("b", 0, "x", image_AUROC=0.4), run("a", 0, "y", image_AUROC=0.9)]
    table = build_table(runs, [AUROC], {})
    assert list(table) == ["x", "y"]
    assert table["x"][0].cells[0].is_best
    assert not table["y"][0].cells[0].is_best


def test_published_values_stand_beside_a_model_or_in_a_row_of_their_own():
    paper = {"lace": {"SCADN": {"image_AUROC": 0.95}, "OCGAN": {"image_AUROC": 0.6}, "MemAE": {"other": 1}}, "z": {}}
    rows = build_table([run("scadn", 0, image_AUROC=0.9), run("padim", 0)], [AUROC], paper)["lace"]
    assert [(row.name, row.seeds) for row in rows] == [("padim", 1), ("scadn", 1), ("OCGAN", 0)]
    assert [row.cells[0].paper for row in rows] == ["", "0.950", "0.600"]
