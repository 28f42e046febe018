# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""From runs to the published summary and its tables."""

import json
import sys

import pytest

from comparison.summary import summarize


def result(model, seed, auroc, latency, **metrics):
    repeats = {"median": latency, "lowest": latency / 2, "highest": latency * 2}
    rate = {"median": 8000 / latency, "lowest": 1.0, "highest": 2.0}
    extra = {"scadn": {"file": "tiny.yaml"}} if model == "scadn" else {"backbone_weights": "w", "coreset_ratio": 0.1}
    return {
        "configuration": {"data": "tiny", "model": model, "seed": seed, **extra},
        "input_size": [32, 32],
        "images": {"train": 8, "test_good": 2, "test_defect": 5},
        "metrics": {"image_AUROC": auroc, "pixel_AUROC": None, **metrics},
        "times": {"fit_s": 10 * latency, "latency_1_ms": repeats, "latency_8_ms": repeats, "images_per_second": rate},
        "cost": {"peak_mib": 100.0 * seed, "parameters": 5, "stored_values": 7, "multiply_adds": 9},
        "machine": {"processor": "p"},
        "versions": {"torch": "1"},
    }


@pytest.fixture
def summary():
    runs = [result("scadn", seed, 0.5 + seed / 10, 100.0 * (seed + 1)) for seed in (0, 1, 2)]
    runs += [result("patchcore", seed, 0.9, 50.0 * (seed + 1) ** 2) for seed in (0, 1, 2)]
    return summarize(runs, reference="scadn")


def test_metrics_are_medians_with_the_lowest_and_highest_over_seeds(summary):
    scadn = summary["data"]["tiny"]["models"]["scadn"]
    assert scadn["image_AUROC"] == pytest.approx({"median": 0.6, "lowest": 0.5, "highest": 0.7})
    assert scadn["seeds"] == [0, 1, 2]
    assert "pixel_AUROC" not in scadn
    assert "seed" not in scadn["configuration"]


def test_times_are_ratios_within_a_seed(summary):
    models = summary["data"]["tiny"]["models"]
    # 50 / 100, 200 / 200, 450 / 300: not the ratio of the medians' own spread.
    expected = {"median": 1.0, "lowest": 0.5, "highest": 1.5}
    assert models["patchcore"]["latency_1_ratio"] == pytest.approx(expected)
    assert models["patchcore"]["fit_ratio"] == pytest.approx(expected)
    assert models["patchcore"]["images_per_second_ratio"]["highest"] == pytest.approx(2.0)
    assert models["scadn"]["latency_8_ratio"] == {"median": 1.0, "lowest": 1.0, "highest": 1.0}


def test_a_machine_is_named_once(summary):
    assert summary["machines"] == [{"processor": "p", "torch": "1"}]


def test_without_the_reference_there_are_no_ratios():
    alone = summarize([result("patchcore", 0, 0.9, 50.0)], reference="scadn")
    assert "latency_1_ratio" not in alone["data"]["tiny"]["models"]["patchcore"]


def test_tables_show_medians_and_spread(summary, tmp_path, monkeypatch):
    sys.modules.pop("tables", None)
    import tables

    (tmp_path / "compare_tiny.json").write_text(json.dumps(summary))
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    rows = tables.compare_quality().splitlines()
    assert rows[2] == (
        "| tiny | scadn | `tiny.yaml` | 32 x 32 | 3 | 0.600 (0.500 to 0.700) | none | none | none | none |"
    )
    assert "pretrained backbone, coreset 0.1" in rows[3]
    assert "x 1.00 (x 0.50 to x 1.50)" in tables.compare_cost().splitlines()[3]
