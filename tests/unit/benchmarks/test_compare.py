# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The whole comparison on a tiny tree: files, repeatability, resumption, failure, refusal."""

import json
import shutil
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import timm
import torch
from PIL import Image

import compare
from comparison import FILES, build, run
from data import Sample
from measure import Scored
from models import scadn_settings
from pictures import choose_examples
from report import write_report

MODELS = ("scadn", "patchcore", "padim")


@pytest.fixture(scope="module")
def finished(make_job, tmp_path_factory):
    """Folder of a comparison whose runs are all done."""
    folder = tmp_path_factory.mktemp("finished")
    for model in MODELS:
        run(make_job(folder, model))
    return folder


@pytest.fixture
def command(monkeypatch, tree, scadn_config):
    """Call the command on the tiny tree."""

    def call(folder: Path, *extra: object) -> None:
        data = ["--data", f"tiny={tree}", "--models", *MODELS, "--scadn-config", scadn_config]
        rest = ["--image-size", 32, "--repeats", 2, "--output", folder]
        monkeypatch.setattr(sys, "argv", ["compare.py", *map(str, [*data, *rest, *extra])])
        compare.main()

    return call


@pytest.mark.parametrize("model", MODELS)
def test_a_run_leaves_metrics_scores_and_pictures(finished, make_job, tree, model):
    folder = finished / "tiny" / model / "seed0"
    assert {path.name for path in folder.iterdir()} - {".lock"} == set(FILES)
    text = (folder / "result.json").read_text()
    result = json.loads(text)
    assert all(0 <= value <= 1 for value in result["metrics"].values())
    assert result["times"]["fit_s"] > 0
    assert result["cost"]["peak_mib"] > 100
    # mu_i of two scales; a tenth of 8 x 16 features of 384 values; 64 Gaussians of 100 values.
    stored = {"scadn": 2, "patchcore": 12 * 384, "padim": 64 * (100 + 100**2)}[model]
    assert stored <= result["cost"]["stored_values"] < stored + 20_000
    assert result["input_size"] == [32, 32]
    assert result["images"] == {"train": 8, "test_good": 2, "test_defect": 5}
    assert {"torch", "anomalib"} <= result["versions"].keys()
    assert str(tree.parent) not in text
    table = pd.read_csv(folder / "scores.csv")
    assert list(table.columns) == ["path", "gt_label", "pred_score"]
    assert all((tree / path).is_file() for path in table["path"])
    assert Image.open(folder / "examples.png").width > 100
    assert Image.open(folder / "extremes.png").width > 100


@pytest.mark.parametrize("model", ["scadn", "padim"])
def test_without_masks_pixel_metrics_are_none(make_job, bare_tree, tmp_path, model):
    metrics = run(make_job(tmp_path, model, root=bare_tree))["metrics"]
    assert {name for name, value in metrics.items() if value is None} == {
        "pixel_AUROC", "pixel_AUPRO", "PerImagePixelAUROC"
    }  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_gives_the_same_scores_and_another_seed_others(finished, make_job, tmp_path, model):
    first = finished / "tiny" / model / "seed0"
    again = run(make_job(tmp_path, model))
    assert again["metrics"] == json.loads((first / "result.json").read_text())["metrics"]
    scores = (tmp_path / "tiny" / model / "seed0" / "scores.csv").read_text()
    assert scores == (first / "scores.csv").read_text()
    run(make_job(tmp_path, model, seed=1))
    assert (tmp_path / "tiny" / model / "seed1" / "scores.csv").read_text() != scores


def test_what_is_done_is_not_done_again_and_the_summary_is_written(finished, command, monkeypatch, capsys, tmp_path):
    def refuse(*args, **kwargs):
        pytest.fail("a finished run was started again")

    monkeypatch.setattr(compare, "in_own_process", refuse)
    monkeypatch.setattr(compare, "RESULTS", tmp_path)
    command(finished, "--publish", "tiny")
    printed = capsys.readouterr().out
    assert printed.count("was done before, image_AUROC") == 3
    assert (finished / "summary.md").read_text() in printed
    assert printed.count("| tiny | padim |") == 2
    summary = (tmp_path / "compare_tiny.json").read_text()
    assert list(json.loads(summary)["data"]["tiny"]["models"]) == list(MODELS)
    assert (finished / "summary.json").read_text() == summary
    assert str(finished) not in summary
    for name in ("roc.png", "latency.png", "maps.png"):
        assert Image.open(finished / "tiny" / name).width > 100


def test_weights_from_a_file_are_used_and_the_whole_fit_is_timed(finished, make_job, tmp_path, monkeypatch):
    path = tmp_path / "w.pth"
    torch.save(timm.create_model("resnet18", pretrained=False).state_dict(), path)

    def build_slow(job, folder):
        engine, model, datamodule = build(job, folder)
        fit = engine.fit
        engine.fit = lambda *args, **kwargs: (time.sleep(1.1), fit(*args, **kwargs))
        return engine, model, datamodule

    monkeypatch.setattr("comparison.build", build_slow)
    result = run(make_job(tmp_path, "padim", backbone_weights=path))
    assert result["times"]["fit_s"] > 1.1
    assert result["configuration"]["backbone_weights"].startswith("w.pth, SHA-256 ")
    scores = (tmp_path / "tiny/padim/seed0/scores.csv").read_text()
    assert scores != (finished / "tiny/padim/seed0/scores.csv").read_text()


def test_images_that_change_during_a_run_fail_it(make_job, bare_tree, tmp_path, monkeypatch):
    root = tmp_path / "own"
    shutil.copytree(bare_tree, root)

    def score(model, samples, side):
        (root / "train/good/new.png").write_bytes(b"")
        masks = torch.zeros(len(samples), side, side) > 0
        return Scored(torch.zeros(len(samples)), torch.zeros(len(samples)), None, masks)

    monkeypatch.setattr("comparison.score_test_images", score)
    with pytest.raises(RuntimeError, match="changed during the run"):
        run(make_job(tmp_path, "padim", root=root))
    assert not (tmp_path / "tiny/padim/seed0/result.json").exists()


def test_other_images_in_the_place_of_drawn_ones_are_noticed(make_job, tmp_path):
    job = make_job(tmp_path, "padim", data="lace", root=tmp_path / "drawn")
    first = job.configuration()
    image = sorted((tmp_path / "drawn").rglob("test/*/*.png"))[0]
    image.write_bytes(sorted((tmp_path / "drawn").rglob("train/*/*.png"))[0].read_bytes())
    assert {name for name, value in job.configuration().items() if value != first[name]} == {"drawn_files"}


def test_a_failed_run_fails_the_command_keeps_the_others_and_publishes_nothing(
    finished, command, capfd, monkeypatch, tmp_path
):
    monkeypatch.setattr(compare, "RESULTS", tmp_path)
    finished = shutil.copytree(finished, tmp_path / "copy")  # the failed run's earlier result is removed
    with pytest.raises(SystemExit, match=r"failed: tiny, patchcore, seed 0 \(ValueError\)"):
        command(finished, "--coreset-ratio", 1e-9, "--publish", "tiny")
    assert not list(tmp_path.glob("compare_*"))
    assert "coreset_size must be a positive integer" in capfd.readouterr().err
    models = json.loads((finished / "summary.json").read_text())["data"]["tiny"]["models"]
    assert list(models) == ["scadn", "padim"]


def test_workers_compare_on_drawn_lace_and_the_report_reads_it(command, tmp_path, capfd):
    output = tmp_path / "out"
    command(output, "--data", f"lace={tmp_path / 'drawn'}", "--models", "scadn", "padim", "--repeats", 1)
    assert capfd.readouterr().out.count("done in ") == 2
    summary = json.loads((output / "summary.json").read_text())["data"]["lace"]
    assert summary["images"] == {"train": 160, "test_good": 40, "test_defect": 40}
    assert [model["input_size"] for model in summary["models"].values()] == [[32, 32]] * 2
    assert "latency_1_ratio" in summary["models"]["padim"]
    write_report(output, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text().count("data:image/png") == 4


@pytest.mark.parametrize("change", ["configuration", "file", "broken", "versions"])
def test_another_configuration_or_a_missing_file_makes_a_run_unfinished(make_job, tmp_path, change):
    job = make_job(tmp_path, "padim")
    job.results.mkdir(parents=True)
    for name in FILES:
        (job.results / name).write_text(json.dumps({"configuration": job.configuration()}))
    assert job.finished() is not None
    if change == "configuration":
        job = make_job(tmp_path, "padim", repeats=3)
    elif change == "versions":
        other = {"configuration": job.configuration(), "versions": {"torch": "0.0"}}
        (job.results / "result.json").write_text(json.dumps(other))
    elif change == "file":
        (job.results / "scores.csv").unlink()
    else:
        (job.results / "result.json").write_text('{"configuration": ')
    assert job.finished() is None


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--models", "nonsense"], "invalid choice: 'nonsense'"),
        (["--data", "x=absent"], "absent is not there; expected NAME=ROOT"),
        (["--data", "lace", "lace=."], "every data set needs a name of its own, got lace, lace"),
        (["--backbone-weights", "absent.safetensors"], "no backbone weights absent.safetensors"),
        (["--scadn-config", "absent.yaml"], "cannot read the configuration of SCADN absent.yaml"),
        (["--scadn-config", __file__], "cannot read the configuration of SCADN"),
        (["--coreset-ratio", "2"], "got 32, 2, 2.0"),
        (["--seeds", "-1"], "--seeds must be 0 or more, got -1"),
        (["--image-size", "60"], "a multiple of 8, got 60"),
        (["--train-images", "5"], "--train-images is for classes of MNIST, got "),
    ],
)
def test_bad_input_is_one_clear_error_before_any_run(command, tmp_path, capsys, extra, message):
    with pytest.raises(SystemExit, match="2"):
        command(tmp_path / "out", *extra)
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_configuration_of_another_model_is_refused(command, tmp_path, capsys):
    path = tmp_path / "padim.yaml"
    path.write_text("model:\n  class_path: anomalib.models.Padim\n")
    with pytest.raises(SystemExit, match="2"):
        command(tmp_path / "out", "--scadn-config", path)
    assert "whose model is anomalib_scadn.Scadn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "message"), [("data:", "data must name a data module"), ("data: {class_path: x, init_args: 3}", "got 3")]
)
def test_a_part_of_a_configuration_that_holds_nothing_of_use_is_named(tmp_path, data, message):
    path = tmp_path / "some.yaml"
    path.write_text(f"model: {{class_path: anomalib_scadn.Scadn}}\n{data}\n")
    with pytest.raises(ValueError, match=message):
        scadn_settings(path)


def test_empty_arguments_are_defaults_and_neither_size_nor_folders_are_settings(tmp_path):
    path, weights = tmp_path / "some.yaml", tmp_path / "w.pth"
    weights.write_text("w")
    model = f"{{class_path: anomalib_scadn.Scadn, init_args: {{image_size: 8, a: {weights}, b: [/x/y.pth]}}}}"
    path.write_text(f"model: {model}\ndata: {{class_path: x, init_args: }}\ntrainer:\n")
    settings = scadn_settings(path)
    assert settings["data"] == settings["trainer"] == {}
    assert settings["model"]["a"].startswith("w.pth, SHA-256 ")
    assert settings["model"]["b"] == ["y.pth"]
    assert "image_size" not in settings["model"]


def test_examples_are_chosen_by_place_with_each_kind_once_first():
    kinds = ["good"] * 4 + ["b"] * 4 + ["a"] * 2
    samples = [Sample(Path(), str(place), kind, 0, None) for place, kind in enumerate(kinds)]
    assert choose_examples(samples) == [2, 9, 6, 8, 5, 7]
