# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The whole comparison on a tiny tree: files, repeatability, resumption, failure, refusal."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

import compare
from comparison.data import Sample
from comparison.examples import choose_examples
from comparison.job import FILES
from comparison.run import run

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
    assert {path.name for path in folder.iterdir()} == set(FILES)
    text = (folder / "result.json").read_text()
    result = json.loads(text)
    assert all(0 <= value <= 1 for value in result["metrics"].values())
    assert result["times"]["fit_s"] > 0
    assert result["cost"]["peak_mib"] > 100
    assert result["input_size"] == ([24, 24] if model == "scadn" else [32, 32])
    assert result["images"] == {"train": 8, "test_good": 2, "test_defect": 5}
    assert {"torch", "anomalib"} <= result["versions"].keys()
    assert str(tree.parent) not in text
    table = pd.read_csv(folder / "scores.csv")
    assert list(table.columns) == ["path", "label", "pred_score"]
    assert all((tree / path).is_file() for path in table["path"])
    assert Image.open(folder / "examples.png").width > 100


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

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(compare, "RESULTS", tmp_path)
    command(finished, "--publish", "tiny")
    assert capsys.readouterr().out.count("was done before, image_AUROC") == 3
    summary = (tmp_path / "compare_tiny.json").read_text()
    assert list(json.loads(summary)["data"]["tiny"]["models"]) == list(MODELS)
    assert (finished / "summary.json").read_text() == summary
    assert str(finished) not in summary
    for name in ("roc.png", "latency.png", "maps.png"):
        assert Image.open(finished / "tiny" / name).width > 100


def test_a_failed_run_fails_the_command_and_keeps_the_others(finished, command, capfd):
    with pytest.raises(SystemExit, match=r"failed: tiny, patchcore, seed 0 \(status 1\)"):
        command(finished, "--coreset-ratio", 1e-9)
    assert "coreset_size must be a positive integer" in capfd.readouterr().err
    models = json.loads((finished / "summary.json").read_text())["data"]["tiny"]["models"]
    assert list(models) == ["scadn", "padim"]


@pytest.mark.parametrize("change", ["configuration", "file", "broken"])
def test_another_configuration_or_a_missing_file_makes_a_run_unfinished(make_job, tmp_path, change):
    job = make_job(tmp_path, "padim")
    job.results.mkdir(parents=True)
    for name in FILES:
        (job.results / name).write_text(json.dumps({"configuration": job.configuration()}))
    assert job.finished() is not None
    if change == "configuration":
        job = make_job(tmp_path, "padim", repeats=3)
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


def test_examples_are_chosen_by_place_with_each_kind_once_first():
    kinds = ["good"] * 4 + ["b"] * 4 + ["a"] * 2
    samples = [Sample(Path(), str(place), kind, 0, None) for place, kind in enumerate(kinds)]
    assert choose_examples(samples) == [2, 9, 6, 8, 5, 7]
