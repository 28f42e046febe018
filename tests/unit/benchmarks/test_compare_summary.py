# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""From runs to the published summary and its tables."""

import pytest

from layout import ACCURACY, COST, count, times_as_much
from summary import (
    compare_cost_table,
    compare_medians_table,
    compare_quality_table,
    compares_methods,
    methods_table,
    setting,
    summarize,
)


def result(model, seed, auroc, latency, **metrics):
    repeats = {"median": latency, "lowest": latency / 2, "highest": latency * 2}
    rate = {"median": 8000 / latency, "lowest": 1.0, "highest": 2.0}
    scadn = {"file": "tiny.yaml", "model": {"base_channels": 2}, "trainer": {"max_epochs": 3}}
    extra = {"scadn": scadn} if model == "scadn" else {"backbone_weights": "w.pth, SHA-256 12", "coreset_ratio": 0.1}
    return {
        "configuration": {"data": "tiny", "model": model, "seed": seed, **extra},
        "input_size": [32, 32],
        "images": {"train": 8, "test_good": 2, "test_defect": 5},
        "metrics": {"image_AUROC": auroc, "pixel_AUROC": None, **metrics},
        "times": {"fit_s": 10 * latency, "latency_1_ms": repeats, "latency_8_ms": repeats, "images_per_second": rate},
        "cost": {"peak_mib": 100.0 * seed, "parameters": 5, "stored_values": 7, "multiply_adds": 9},
        "machine": {"processor": "p", "threads": 2},
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
    assert models["patchcore"]["images_per_second_ratio"]["highest"] == pytest.approx(2.0)  # medians, not repeats
    assert models["scadn"]["latency_8_ratio"] == {"median": 1.0, "lowest": 1.0, "highest": 1.0}


def test_a_machine_is_named_once(summary):
    assert summary["machines"] == [{"processor": "p", "threads": 2, "torch": "1"}]


def test_without_the_reference_there_are_no_ratios():
    alone = summarize([result("patchcore", 0, 0.9, 50.0)], reference="scadn")
    assert "latency_1_ratio" not in alone["data"]["tiny"]["models"]["patchcore"]


@pytest.mark.parametrize("other", [{"machine": {"processor": "q", "threads": 2}}, {"versions": {"torch": "2"}}])
def test_there_are_no_ratios_between_machines_or_versions(other):
    runs = [result("scadn", 0, 0.5, 100.0), {**result("patchcore", 0, 0.9, 50.0), **other}]
    models = summarize(runs, reference="scadn")["data"]["tiny"]["models"]
    assert "latency_1_ratio" in models["scadn"]
    assert not [name for name in models["patchcore"] if name.endswith("ratio")]


def test_times_of_several_machines_are_not_reduced_but_scores_are(summary):
    other = {"processor": "q", "threads": 2}
    runs = [result("scadn", 0, 0.5, 100.0), {**result("scadn", 1, 0.7, 1.0), "machine": other}]
    mixed = summarize(runs, reference="scadn")
    row = mixed["data"]["tiny"]["models"]["scadn"]
    assert row["image_AUROC"]["lowest"] == 0.5
    assert not {"fit_s", "latency_1_ms", "images_per_second", "peak_mib"} & row.keys()
    assert compare_cost_table({"": mixed})[1][0][2:7] == ["none"] * 5
    alike = [runs[0], {**runs[1], "machine": {"processor": "p", "threads": 2, "cores": 4}}]  # older files lack cores
    assert "fit_s" in summarize(alike, reference="scadn")["data"]["tiny"]["models"]["scadn"]


def test_a_ratio_of_one_of_several_seeds_has_no_spread_of_repeats():
    runs = [result("scadn", 0, 0.5, 100.0)] + [result("padim", seed, 0.9, 50.0) for seed in (0, 1)]
    row = summarize(runs, reference="scadn")["data"]["tiny"]["models"]["padim"]
    assert row["latency_1_ratio"] == {"median": 0.5, "lowest": 0.5, "highest": 0.5}


def test_of_one_seed_the_repeats_are_the_spread():
    runs = [result("scadn", 0, 0.5, 100.0), result("patchcore", 0, 0.9, 50.0)]
    models = summarize(runs, reference="scadn")["data"]["tiny"]["models"]
    assert models["scadn"]["latency_1_ms"] == {"median": 100.0, "lowest": 50.0, "highest": 200.0}
    assert models["patchcore"]["latency_1_ratio"] == {"median": 0.5, "lowest": 0.25, "highest": 1.0}
    assert models["patchcore"]["fit_ratio"] == {"median": 0.5, "lowest": 0.5, "highest": 0.5}


def test_every_run_is_published_with_its_metrics_times_and_machine(summary):
    runs = summary["data"]["tiny"]["models"]["scadn"]["runs"]
    assert [run["seed"] for run in runs] == [0, 1, 2]
    assert runs[1]["metrics"] == {"image_AUROC": 0.6, "pixel_AUROC": None}
    assert runs[1]["times"]["latency_1_ms"]["lowest"] == 100.0
    assert runs[1]["machine"] == {"processor": "p", "threads": 2}
    assert runs[1]["versions"] == {"torch": "1"}


def test_tables_show_configuration_medians_and_spread(summary):
    _, rows = compare_quality_table({"": summary})
    setting = "`tiny.yaml`, 2 base channels, 3 epochs"
    assert rows[0] == ["tiny", "scadn", setting, "32 x 32", "3", "0.600 (0.500 to 0.700)", *["none"] * 4]
    assert rows[1][2] == "backbone `w.pth`, coreset 0.1"
    assert compare_medians_table({"": summary})[1][0] == ["tiny", "scadn", "0.600", "none", "none"]


def test_the_cost_table_has_the_references_own_times_and_the_others_ratios(summary):
    header, rows = compare_cost_table({"": summary})
    assert header[2:4] == ["fit", "latency, batch 1"]
    assert rows[0][2:6] == [
        "2000.0 s (1000.0 s to 3000.0 s)", "200.0 ms (100.0 ms to 300.0 ms)", "200.0 ms (100.0 ms to 300.0 ms)",
        "40.00 (26.67 to 80.00)",
    ]  # fmt: skip
    assert rows[1][2] == rows[1][3] == "x 1.00 (x 0.50 to x 1.50)"
    assert rows[0][6] == "100 MiB (0 MiB to 200 MiB)"
    assert rows[0][-1] == "p, threads: 2"


def test_methods_stand_beside_each_other_in_the_papers_order():
    runs = [result("scadn", 0, 0.6, 100.0, PerImagePixelAUROC=0.8), result("dae", 0, 0.5, 50.0)]
    runs[1]["configuration"] |= {"scadn": runs[0]["configuration"]["scadn"], "test_images": 7}
    found = summarize(runs, reference="scadn")
    assert compares_methods(found)
    header, rows = methods_table({"": found})
    assert header[-6:] == ["ALOCC D", "ALOCC DR", "DAE", "OCGAN", "MemAE", "SCADN"]
    assert rows[0][-6:] == ["0.693", "0.731", "0.752", "0.657", "0.756", "0.898"]  # Table 1, "Mean"
    assert rows[2][-6:] == ["-", "-", "0.582", "0.641", "0.704", "0.752"]  # Table 3, "Mean"
    configuration = "`tiny.yaml`, 2 base channels, 3 epochs"
    assert rows[4:] == [
        ["here", "tiny", "image AUROC", configuration, "1", "-", "-", "0.500", "-", "-", "0.600"],
        ["here", "tiny", "per-image pixel AUROC", configuration, "1", "-", "-", "-", "-", "-", "0.800"],
    ]
    assert setting(found["data"]["tiny"]["models"]["dae"]) == f"{configuration}, 7 test images"
    found = summarize([*runs, result("scadn", 1, 0.6, 100.0)], reference="scadn")
    assert methods_table({"": found})[1][4][4] == "1 to 2"


def test_a_comparison_with_the_hosts_models_is_another_table(summary):
    assert not compares_methods(summary)


def test_small_numbers_are_not_rounded_to_nothing():
    assert [times_as_much(ratio) for ratio in (12.346, 0.1, 0.0123)] == ["x 12.35", "x 0.10", "x 0.01"]
    assert [times_as_much(ratio) for ratio in (0.0044, 0.0)] == ["x 0.004", "x 0"]
    assert [count(number) for number in (13.02e9, 12.3e6, 0.66e6, 3)] == ["13.02 G", "12.30 M", "0.66 M", "3"]


def test_no_two_columns_have_the_same_key_or_title():
    columns = ACCURACY + COST
    assert len({column.key for column in columns}) == len({column.title for column in columns}) == len(columns)


def test_a_training_is_named_by_its_steps_or_its_epochs():
    settings = {
        "file": "tiny.yaml",
        "model": {"base_channels": 2, "max_epochs": 5},
        "trainer": {},
    }
    named = {"steps": {"max_steps": 70}, "epochs": {"max_epochs": 3}, "": {}}
    found = {
        name: setting({"configuration": {"scadn": {**settings, "trainer": trainer}}}) for name, trainer in named.items()
    }
    assert found["steps"] == "`tiny.yaml`, 2 base channels, 70 steps"
    assert found["epochs"] == "`tiny.yaml`, 2 base channels, 3 epochs"
    assert found[""] == "`tiny.yaml`, 2 base channels, 5 epochs"


def test_networks_that_are_not_the_papers_are_named():
    model = {"base_channels": 2, "residual_blocks": 3, "residual": "separable", "max_epochs": 5}
    scadn = {"file": "tiny.yaml", "model": model, "trainer": {}}
    named = setting({"configuration": {"scadn": scadn}})
    assert named == "`tiny.yaml`, 2 base channels, 3 residual blocks, separable, 5 epochs"
