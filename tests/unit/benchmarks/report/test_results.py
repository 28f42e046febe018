# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Result files of the paper's experiments beside runs of comparisons."""

import json

import pytest

from report import load_results
from report.tables import DASH


@pytest.fixture
def add_experiment(results):
    """Maker of a result file; runs are AUROCs by key."""

    def add(name, runs, **content):
        values = {key: {"image_AUROC": value, "machine": {"threads": 1}} for key, value in runs.items()}
        (results / f"{name}.json").write_text(json.dumps({"config": "c.yaml", "runs": values, **content}))

    return add


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_results_is_named(results, exists):
    folder = results if exists else results / "nowhere"
    with pytest.raises(ValueError, match=rf"no results in {folder}: expected <data>/<model>/seed<k>/result.json, or p"):
        load_results(folder)


def tables(folder):
    return [[found.header, *found.rows] for found in load_results(folder)[2]]


def test_an_experiment_is_a_table_of_its_own_beside_the_comparison(results, add_run, add_experiment):
    paper = {"b": {"image_AUROC": 0.9}, "a": {"image_AUROC": 0.7}, "mean": {"image_AUROC": 0.8}}
    add_run(metrics={"image_AUROC": 0.5})
    runs = {"a/0": 0.25, "b/0": 0.75, "a/1": 0.5}
    add_experiment("paper_small", runs, paper=paper, extra=["--data.root", "DIR", "--model.base_channels", "2"])
    assert [run.data for run in load_results(results)[0]] == ["lace"]
    assert tables(results) == [
        [
            ["category", "seeds", "image AUROC", "paper's image AUROC"],
            ["b", "1", "0.750", "0.900"],  # the paper's order
            ["a", "2", "0.375 ± 0.177", "0.700"],
            ["mean of 2", DASH, "0.500", "0.800"],  # of the seed that has both
        ]
    ]
    (experiment,) = load_results(results)[2]
    assert experiment.configuration == "c.yaml --model.base_channels 2"
    assert experiment.machines == ["threads 1"]


def test_the_papers_mean_stands_beside_all_of_its_rows_only(results, add_experiment):
    paper = {"0": {}, "1": {}, "mean": {"image_AUROC": 0.9}}
    add_experiment("one_class_mnist", {"0/3": 0.25}, paper=paper)
    assert tables(results)[0][-1] == ["mean of 1", DASH, "0.250", DASH]
    add_experiment("one_class_mnist", {"0/3": 0.25, "1/3": 0.75}, paper=paper)
    assert tables(results)[0][-1] == ["mean of 2", DASH, "0.500", "0.900"]


def test_the_ablation_has_the_rows_of_table_4_in_its_order(results, add_experiment):
    paper = {row: {"image_AUROC": 0.8} for row in ("S1", "mean", "full")}
    add_experiment("ablation_lace", {"full/0": 0.75, "mean/0": 0.25, "S1/0": 0.5}, paper=paper)
    ((header, *rows),) = tables(results)
    assert header == ["row", "seeds", "image AUROC", "paper's image AUROC on MVTec AD"]
    assert rows == [
        ["S1 alone", "1", "0.500", "0.800"],
        ["merged by mean, no mu_i", "1", "0.250", "0.800"],
        ["all", "1", "0.750", "0.800"],
    ]


@pytest.mark.parametrize("content", ["{}", '{"runs": 1}', '{"runs": {"a/x": {}}}', '{"runs": {"a/0": 1}}'])
def test_a_broken_file_is_named(results, content):
    path = results / "paper_x.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"cannot read {path}: expected runs by row/seed"):
        load_results(results)
