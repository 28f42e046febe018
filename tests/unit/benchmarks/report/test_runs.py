# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Folders of results."""

import json

import pytest

from report.runs import load_paper_values, load_runs


def test_runs_come_sorted_and_seeds_as_numbers(results, add_run):
    for data, model, seed in (("b", "m", 0), ("a", "z", 10), ("a", "z", -1), ("a", "k", 0)):
        add_run(data, model, seed)
    assert [(run.data, run.model, run.seed) for run in load_runs(results)] == [
        ("a", "k", 0), ("a", "z", -1), ("a", "z", 10), ("b", "m", 0)
    ]  # fmt: skip


def test_values_come_from_all_groups_but_descriptions(results, add_run):
    add_run(
        metrics={"image_AUROC": 0.5, "pixel_AUROC": float("nan"), "pixel_AUPRO": None},
        times={"fit_s": 3, "latency_1_ms": {"median": 5, "lowest": 4, "highest": 6}, "empty": {}},
        parameters=7,
        finished=True,
        machine={"threads": 2},
        configuration={"seed": 1},
        versions={"torch": 2.1},
    )
    (run,) = load_runs(results)
    assert run.values == {"image_AUROC": 0.5, "fit_s": 3.0, "latency_1_ms": 5.0, "parameters": 7.0}


def test_what_is_optional_may_be_missing(results, add_run):
    add_run()
    (run,) = load_runs(results)
    assert run.scores is None
    assert run.examples is run.extremes is None


def test_what_is_there_is_found(results, add_run):
    folder = add_run(scores=[("a.png", 0, 0.25)], pictures=True)
    (run,) = load_runs(results)
    assert run.examples == folder / "examples.png"
    assert run.extremes == folder / "extremes.png"
    assert list(run.scores["path"]) == ["a.png"]


def test_a_seed_that_is_not_finished_is_left_out(results, add_run):
    add_run(seed=0)
    (results / "lace/scadn/seed1").mkdir()
    add_run(seed="_old")
    assert [run.seed for run in load_runs(results)] == [0]


def test_seeds_of_different_configurations_are_not_mixed(results, add_run):
    add_run(seed=0, configuration={"seed": 0, "epochs": 1, "size": 8})
    add_run(seed=2, configuration={"seed": 2, "epochs": 1, "size": 8})
    add_run(data="fabric", configuration={"seed": 0, "epochs": 2})
    add_run(model="padim", configuration={"seed": 0})
    assert len(load_runs(results)) == 4
    add_run(seed=1, configuration={"seed": 1, "epochs": 2, "size": 8})
    with pytest.raises(
        ValueError, match=r"seeds 0 and 1 in .*lace/scadn were made with different .*: epochs; expected"
    ):
        load_runs(results)


@pytest.mark.parametrize("name", ["files", "image_size"])
def test_models_of_one_data_set_need_the_same_images(results, add_run, name):
    add_run(configuration={"files": "A", "image_size": 128})
    add_run(model="old", configuration={})  # what was not recorded differs from nothing
    add_run(data="other", configuration={"files": "B", "image_size": 256})
    assert len(load_runs(results)) == 3
    add_run(model="padim", configuration={"files": "A", "image_size": 128, name: "C"})
    with pytest.raises(ValueError, match=f"padim and scadn in .*lace were made with different {name}: C and "):
        load_runs(results)


def test_all_images_are_not_compared_with_some(results, add_run):
    add_run(configuration={"files": "A", "train_images": 5})
    add_run(model="old", configuration={})
    assert len(load_runs(results)) == 2
    add_run(model="padim", configuration={"files": "A"})
    with pytest.raises(ValueError, match=r"padim and scadn in .*lace were made with different train_images: all and 5"):
        load_runs(results)


@pytest.mark.parametrize("content", [b'{"metrics": ', b"[1]", b"\xff\xfe{}"])
def test_a_broken_result_is_named(results, add_run, content):
    path = add_run() / "result.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"cannot read {path}: expected a JSON object, found"):
        load_runs(results)


def test_published_values_are_read(results):
    assert load_paper_values(results) == {}
    values = {"lace": {"SCADN": {"image_AUROC": 0.9}}}
    (results / "paper.json").write_text(json.dumps(values))
    assert load_paper_values(results) == values


@pytest.mark.parametrize("content", ["{", "[]", '{"lace": 1}', '{"lace": {"a": 1}}', '{"lace": {"a": {"b": "high"}}}'])
def test_broken_published_values_are_named(results, content):
    path = results / "paper.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"cannot read {path}: expected"):
        load_paper_values(results)
