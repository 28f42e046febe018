# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The score is chosen on the command line and in YAML, by its name and its own options."""

import sys

import pytest
import torch
import yaml

from anomalib_scadn import CompositeScore, PaperScore
from anomalib_scadn.cli.anomalib_cli import ScadnCLI

MODEL = ("--model", "anomalib_scadn.Scadn", "--model.image_size", "32", "--model.base_channels", "2")


@pytest.fixture
def scorer(tmp_path, monkeypatch):
    """Parse a command line; gives the score that its model was made with."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        data = ("--data", "anomalib_scadn.SyntheticLace", "--data.root", str(tmp_path))
        command = ScadnCLI(["train", *map(str, arguments), *data, "--trainer.accelerator", "cpu"], run=False)
        return command.model.model.scorer

    return call


@pytest.fixture
def config(tmp_path):
    """A configuration whose score is a composite with the mean as its pooling."""
    score = {"class_path": "anomalib_scadn.CompositeScore", "init_args": {"pooling": "mean", "smoothing": 2.0}}
    arguments = {"image_size": 32, "base_channels": 2, "score": score}
    path = tmp_path / "score.yaml"
    path.write_text(yaml.safe_dump({"model": {"class_path": "anomalib_scadn.Scadn", "init_args": arguments}}))
    return path


def test_without_a_choice_the_score_is_the_papers(scorer):
    assert isinstance(scorer(*MODEL), PaperScore)


def test_a_short_name_and_options_choose_a_score(scorer):
    found = scorer(*MODEL, "--model.score", "CompositeScore", "--model.score.pooling", "mean")
    assert isinstance(found, CompositeScore)
    assert found.options == CompositeScore(pooling="mean").options
    assert scorer(*MODEL, "--model.score", "PaperScore", "--model.score.merge", "mean").options["merge"] == "mean"


def test_a_file_chooses_a_score_and_the_command_line_changes_an_option(scorer, config):
    assert scorer("--config", config).options == CompositeScore(pooling="mean", smoothing=2.0).options
    changed = scorer("--config", config, "--model.score.smoothing", "3.0")
    assert changed.options == CompositeScore(pooling="mean", smoothing=3.0).options


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("CompositeScore", "--model.score.merge", "mean"), "merge"),  # the paper's option
        (("PaperScore", "--model.score.pooling", "mean"), "pooling"),
        (("CompositeScore", "--model.score.pooling", "median"), "median"),
        (("NoScore",), "NoScore"),
    ],
)
def test_what_a_score_does_not_know_is_refused(scorer, arguments, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        scorer(*MODEL, "--model.score", *arguments)
    assert message in capsys.readouterr().err


def test_a_chosen_score_is_trained_and_saved_as_plain_data(lace_root, tmp_path, monkeypatch, config):
    lace = {"root": lace_root, "image_size": 32, "num_train": 8, "num_test_good": 2, "num_test_defect": 1}
    data = [str(text) for name, value in {**lace, "num_workers": 0}.items() for text in (f"--data.{name}", value)]
    trainer = ("--trainer.max_steps", "1", "--trainer.accelerator", "cpu", "--default_root_dir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["anomalib"])
    ScadnCLI(["fit", "--config", str(config), "--data", "anomalib_scadn.SyntheticLace", *data, *trainer])
    checkpoint = torch.load(next(tmp_path.rglob("model.ckpt")), weights_only=True)
    found = checkpoint["hyper_parameters"]["score"]
    assert found == CompositeScore(pooling="mean", smoothing=2.0).description
    assert checkpoint["global_step"] == 1
