# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Result files of the paper's experiments beside runs of comparisons."""

import json

import pytest

from anomalib_scadn.report.results import load_results


@pytest.fixture
def add_experiment(results):
    """Maker of a result file; runs are AUROCs by key."""

    def add(name, runs, **content):
        values = {key: {"image_AUROC": value, "machine": {"threads": 1}} for key, value in runs.items()}
        (results / f"{name}.json").write_text(json.dumps({"config": "c.yaml", "runs": values, **content}))

    return add


def found(folder):
    return {(run.data, run.model, run.seed): run.values for run in load_results(folder)[0]}


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_results_is_named(results, exists):
    folder = results if exists else results / "nowhere"
    with pytest.raises(ValueError, match=rf"no results in {folder}: expected <data>/<model>/seed<k>/result.json, or p"):
        load_results(folder)


def test_categories_are_data_sets_and_the_mean_needs_all_of_them(results, add_run, add_experiment):
    paper = {"a": {"image_AUROC": 0.9}, "b": {"image_AUROC": 0.7}, "mean": {"image_AUROC": 0.8}}
    add_run(metrics={"image_AUROC": 0.5})
    add_experiment("paper_small", {"a/0": 0.25, "b/0": 0.75, "a/1": 0.5}, paper=paper)
    assert found(results) == {
        ("lace", "scadn", 0): {"image_AUROC": 0.5},
        ("small, a", "scadn", 0): {"image_AUROC": 0.25},
        ("small, a", "scadn", 1): {"image_AUROC": 0.5},
        ("small, b", "scadn", 0): {"image_AUROC": 0.75},
        ("small, mean", "scadn", 0): {"image_AUROC": 0.5},
    }
    assert load_results(results)[1]["small, mean"] == {"scadn": {"image_AUROC": 0.8}}


def test_classes_without_values_of_their_own_still_make_the_mean(results, add_experiment):
    paper = {"0": {}, "1": {}, "mean": {"image_AUROC": 0.9}}
    add_experiment("one_class_mnist", {"0/3": 0.25}, paper=paper)
    assert ("mnist, mean", "scadn", 3) not in found(results)
    add_experiment("one_class_mnist", {"0/3": 0.25, "1/3": 0.75}, paper=paper)
    assert found(results)[("mnist, mean", "scadn", 3)] == {"image_AUROC": 0.5}


def test_rows_of_the_ablation_are_models_and_the_papers_are_not_beside_them(results, add_experiment):
    add_experiment("ablation_lace", {"S1/0": 0.5, "full/0": 0.75}, paper={"S1": {"image_AUROC": 0.8}})
    assert found(results).keys() == {("lace", "S1", 0), ("lace", "full", 0)}
    assert load_results(results)[1] == {"lace": {"S1, paper on MVTec AD": {"image_AUROC": 0.8}}}


@pytest.mark.parametrize("content", ["{}", '{"runs": 1}', '{"runs": {"a/x": {}}}', '{"runs": {"a/0": 1}}'])
def test_a_broken_file_is_named(results, content):
    path = results / "paper_x.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"cannot read {path}: expected runs by row/seed"):
        load_results(results)
