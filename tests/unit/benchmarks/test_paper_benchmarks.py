# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The paper's experiments with tiny networks on tiny data: what runs, what is not run again, what is printed."""

import json
import sys

import pytest
import torch
from sklearn.metrics import roc_auc_score

import experiment
import paper
from anomalib_scadn.cli.configs import config_path
from paper_tables import ABLATION, TESTED
from report import load_results, write_report

TINY = ["--model.base_channels", "2", "--model.residual_blocks", "1"]
TINY += ["--trainer.max_epochs", "1", "--trainer.accelerator", "cpu", "--data.num_workers", "0"]
ROWS = ["no_adversarial", "S1", "S2", "S3", "full", "mean", "max"]


@pytest.fixture
def benchmark(monkeypatch, tmp_path):
    """Call the program with its results below tmp_path."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, changes=()):
        own = ["paper.py", *map(str, arguments), "--results", str(tmp_path / "published")]
        monkeypatch.setattr(sys, "argv", [*own, "--", *map(str, changes)])
        paper.main()

    return call


@pytest.fixture
def forbid_training(monkeypatch):
    """Make any further training fail."""

    def forbid():
        monkeypatch.setattr(paper, "train", lambda *arguments: pytest.fail("trained again"))

    return forbid


def load(tmp_path, name):
    return json.loads((tmp_path / "published" / f"{name}.json").read_text())


def report(tmp_path):
    """Make the report of all that was kept, and name the runs that it draws."""
    runs, _, experiments = load_results(tmp_path / "published")
    assert experiments
    write_report(tmp_path / "published", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    for run in runs:
        assert run.values["image_AUROC"] == pytest.approx(
            roc_auc_score(run.scores["gt_label"], run.scores["pred_score"]), abs=1e-4
        )
        assert run.examples
        assert run.extremes
        assert " files, SHA-256 " in run.configuration["files"]
        assert run.data in page
    return [f"{run.data}/{run.model}/{run.seed}" for run in runs]


def one_class_arguments(mnist_root, *classes):
    return ["mnist", "--root", mnist_root, "--seeds", 0, "--classes", *classes]


def test_one_class_adds_what_is_missing_and_runs_nothing_twice(
    benchmark, forbid_training, mnist_root, tmp_path, capsys
):
    figures = ["--figures", tmp_path / "published"]
    benchmark("table5", *one_class_arguments(mnist_root, 3), *figures, changes=TINY)
    first = load(tmp_path, "one_class_mnist")
    assert report(tmp_path) == ["mnist_3/scadn/0"]
    benchmark("table5", *one_class_arguments(mnist_root, 3, 7), changes=TINY)
    second = load(tmp_path, "one_class_mnist")
    assert list(second["runs"]) == ["3/0", "7/0"]
    assert second["runs"]["3/0"] == first["runs"]["3/0"]
    assert set(second["runs"]["7/0"]) == {"image_AUROC", "seconds", "machine"}
    forbid_training()
    benchmark("table5", *one_class_arguments(mnist_root, 3, 7), changes=TINY)
    assert "| mnist | `one_class.yaml" in capsys.readouterr().out
    assert str(mnist_root) not in (tmp_path / "published/one_class_mnist.json").read_text()


def test_results_of_other_settings_are_not_mixed(benchmark, mnist_root, tmp_path, capsys):
    benchmark("table5", *one_class_arguments(mnist_root, 3), changes=TINY)
    with pytest.raises(SystemExit):
        benchmark("table5", *one_class_arguments(mnist_root, 3), changes=[*TINY, "--data.num_train", 2])
    assert "remove it, or choose another name or folder" in capsys.readouterr().err
    benchmark("table5", *one_class_arguments(mnist_root, 3), "--name", "two", changes=[*TINY, "--data.num_train", 2])
    assert load(tmp_path, "one_class_two")["extra"][-2:] == ["--data.num_train", "2"]


@pytest.fixture
def tiny_tree(tiny_lace):
    """Two categories in the layout of MVTec AD."""
    for category in (1, 2):
        lace = tiny_lace(category=category)
        lace.prepare_data()
    return lace.root


@pytest.mark.parametrize("table", ["1", "2"])
def test_categories_run_in_turn_and_stand_beside_the_paper(
    benchmark, forbid_training, tiny_tree, tmp_path, capsys, table
):
    arguments = ["--root", tiny_tree, "--categories", "1", "2"]
    changes = ["--model.image_size", 32, *TINY]
    benchmark(f"table{table}", *arguments, "--figures", tmp_path / "published", changes=changes)
    assert report(tmp_path) == ["1/scadn/0", "2/scadn/0"]
    name = {"1": "paper_laceAD", "2": "paper_mvtec"}[table]
    runs = load(tmp_path, name)["runs"]
    assert list(runs) == ["1/0", "2/0"]
    assert set(runs["1/0"]) == {"image_AUROC", "PerImagePixelAUROC", "seconds", "machine"}
    printed = capsys.readouterr().out
    ours = (runs["1/0"]["image_AUROC"] + runs["2/0"]["image_AUROC"]) / 2
    none = "\N{EN DASH}"
    assert f"| mean of 2 | {none} | {ours:.3f} | {none} |" in printed
    assert f"| 1 | 1 | {runs['1/0']['image_AUROC']:.3f} | {'0.975' if table == '1' else none} |" in printed
    if table == "2":  # Table 3 is another metric of the same runs
        forbid_training()
        benchmark("table3", *arguments, changes=changes)
        assert f" {runs['1/0']['PerImagePixelAUROC']:.3f} | {none} |" in capsys.readouterr().out


def test_missing_categories_are_named_before_anything_runs_or_is_downloaded(benchmark, tmp_path, capsys):
    with pytest.raises(SystemExit):
        benchmark("table2", "--root", tmp_path)
    message = capsys.readouterr().err
    assert "no train/good for bottle, cable" in message
    assert str(tmp_path) in message
    assert not (tmp_path / "published").exists()


def test_the_ablation_makes_its_seven_rows_on_lace_and_on_a_folder(
    benchmark, forbid_training, tiny_tree, lace_root, tmp_path, capsys, monkeypatch
):
    lace = ["--data.root", lace_root, "--data.image_size", 32, "--data.num_train", 8]
    lace += ["--data.num_test_good", 2, "--data.num_test_defect", 1]
    benchmark("table4", "--data", "lace", changes=["--model.image_size", 32, *TINY, *lace])
    assert sorted(load(tmp_path, "ablation_lace")["runs"]) == sorted(f"{row}/0" for row in ROWS)
    assert str(lace_root) not in (tmp_path / "published/ablation_lace.json").read_text()
    assert load(tmp_path, "ablation_lace")["data"]["lace"].startswith("20 files, SHA-256 ")
    models = []
    real = paper.train

    def train(*arguments):
        trained = real(*arguments)
        models.append(trained.model)
        return trained

    monkeypatch.setattr(paper, "train", train)
    folder = ["--data", f"thread={tiny_tree / '2'}", "--config", config_path("cpu")]
    figures = ["--figures", tmp_path / "published"]
    benchmark("table4", *folder, *figures, changes=["--model.image_size", 32, *TINY])
    assert report(tmp_path) == sorted(f"thread/{row}/0" for row in ROWS)
    assert [model.model.stripes for model in models] == [(4, 8, 16), (4,), (8,), (16,), (4, 8, 16)]
    assert [model.model.discriminator is None for model in models] == [True, False, False, False, False]
    runs = load(tmp_path, "ablation_thread")["runs"]
    printed = capsys.readouterr().out
    assert f"| yes | S2 |  |  | 0.8019 | {runs['S2/0']['image_AUROC']:.3f} |" in printed
    assert f"| yes | S1 S2 S3 | mean |  | 0.8083 | {runs['mean/0']['image_AUROC']:.3f} |" in printed
    forbid_training()
    benchmark("table4", *folder, changes=["--model.image_size", 32, *TINY])


def test_rows_that_differ_in_inference_only_have_the_same_training(tiny_tree):
    where = {"data.root": tiny_tree, "data.category": "1", "data.num_workers": 0, "trainer.accelerator": "cpu"}
    network = {"model.image_size": 32, "model.base_channels": 2, "model.residual_blocks": 1}
    options = {**where, **network, "trainer.max_epochs": 2}
    full = experiment.train(config_path("cpu"), options)
    for changes in (ABLATION[name].changes for name in TESTED):
        own = experiment.train(config_path("cpu"), {**options, **changes})
        for name, weight in full.model.model.generator.state_dict().items():
            assert torch.equal(weight, own.model.model.generator.state_dict()[name])
        shared = experiment.measure_variant(full, config_path("cpu"), {**options, **changes})
        assert shared.metrics == {name: value for name, value in own.metrics.items() if name != "seconds"}
    with pytest.raises(ValueError, match="subtracts mu_i"):
        experiment.measure_variant(
            full, config_path("cpu"), {**options, "model.score": "PaperScore", "model.score.merge": "mean"}
        )


@pytest.mark.parametrize("text", ["fabric", "=folder", "fabric=", "fabric=nowhere"])
def test_data_that_is_neither_lace_nor_a_folder_is_refused(benchmark, text, capsys):
    with pytest.raises(SystemExit):
        benchmark("table4", "--data", text)
    assert "must be lace or NAME=ROOT/CATEGORY" in capsys.readouterr().err


def test_a_wrong_folder_or_configuration_is_one_error_before_anything_trains(benchmark, tmp_path, capsys):
    with pytest.raises(SystemExit):
        benchmark("table5", "mnist", "--root", tmp_path / "absent")
    assert "no mnist in" in capsys.readouterr().err
    for table in (("table4", "--data", "lace"), ("table5", "mnist", "--root", tmp_path)):
        with pytest.raises(SystemExit):
            benchmark(*table, "--config", "missing.yaml")
        assert "no configuration missing.yaml" in capsys.readouterr().err
    assert not (tmp_path / "published").exists()


@pytest.mark.parametrize(
    ("name", "arguments", "changes"),
    [
        ("table2", ["--root", "TREE", "--categories", "1"], ["--data.root", "elsewhere"]),
        ("table2", ["--root", "TREE", "--categories", "1"], ["--data.category", "2"]),
        ("table5", ["mnist", "--root", "TREE"], ["--data.dataset", "cifar10"]),
        ("table5", ["mnist", "--root", "TREE"], ["--model.seed", "7"]),
        ("table4", ["--data", "lace", "a=TREE/1"], ["--data.root", "elsewhere"]),
        ("table4", ["--data", "lace"], ["--model.stripes", "[4]"]),
    ],
)
def test_what_a_program_sets_itself_is_refused_after_the_dashes(
    benchmark, tiny_tree, tmp_path, capsys, name, arguments, changes
):
    with pytest.raises(SystemExit):
        benchmark(name, *(argument.replace("TREE", str(tiny_tree)) for argument in arguments), changes=changes)
    assert f"{changes[0]} after -- is not for anomalib" in capsys.readouterr().err
    assert not (tmp_path / "published").exists()
