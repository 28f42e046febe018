# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Every shipped configuration, run through the real command line with a tiny budget."""

import logging
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from anomalib.cli.cli import AnomalibCLI
from anomalib.cli.cli import main as anomalib_main

from anomalib_scadn import Scadn
from anomalib_scadn.cli.configs import config_folder, config_path
from anomalib_scadn.cli.main import main

TINY_NETWORK = ["--model.base_channels", "2", "--model.residual_blocks", "1"]
TINY_MODEL = ["--model.image_size", "32", *TINY_NETWORK]
CROPS = ["--model.crop_size", "24", "--model.stripes", "[4,8]"]
STEPS = ["--trainer.max_steps", "2", "--trainer.val_check_interval", "1.0"]
FOR_FOLDERS = {
    "laceAD": [],
    "mvtec": [],
    "cpu": [],
    "scadn_plus": STEPS,
    "scadn_plus_crops": [*CROPS, *STEPS],
    "scadn_repair": STEPS,
    "scadn_repair_crops": [*CROPS, *STEPS],
}
"""Configurations, and what they need beside TINY_MODEL."""
FOR_CLASSES = {"one_class": [], "scadn_plus_one_class": STEPS}
TINY_TRAINER = ["--trainer.max_epochs", "1", "--trainer.check_val_every_n_epoch", "1", "--trainer.accelerator", "cpu"]


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Call a command line's main in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, program=main):
        monkeypatch.setattr(sys, "argv", ["anomalib-scadn", *map(str, arguments)])
        program()

    return call


@pytest.fixture
def lace_folder(tiny_lace) -> Path:
    lace = tiny_lace()
    lace.prepare_data()
    return lace.root


def lace_arguments(lace_root: Path) -> list[object]:
    counts = ["--data.num_train", 8, "--data.num_test_good", 2, "--data.num_test_defect", 1]
    return ["--data.root", lace_root, "--data.image_size", 32, *counts, "--data.num_workers", 0]


@pytest.mark.parametrize("config", ["demo", "demo_paper"])
def test_the_demo_trains_through_the_hosts_own_command(run, lace_root, tmp_path, capsys, caplog, config):
    caplog.set_level(logging.INFO)  # what the host's command sets, unless a test before has set up logging
    run(
        "train",
        "--config",
        config_path(config),
        *TINY_MODEL,
        *TINY_TRAINER,
        *lace_arguments(lace_root),
        program=anomalib_main,
    )
    printed = capsys.readouterr().out
    assert "image_AUROC" in printed
    assert "PerImagePixelAUROC" in printed
    assert "Pictures are in" in caplog.text
    assert list(tmp_path.rglob("figures/hole/*.png"))


def test_no_shipped_configuration_is_forgotten_here():
    named = {"demo", "demo_paper", "benchmark", *FOR_FOLDERS, *FOR_CLASSES}
    assert named == {path.stem for path in config_folder().glob("*.yaml")}


@pytest.mark.parametrize("config", FOR_FOLDERS)
def test_configurations_for_folders_train(run, lace_folder, tmp_path, config):
    data = ["--data.root", lace_folder, "--data.category", "1", "--data.num_workers", "0"]
    run("train", "--config", config_path(config), *TINY_MODEL, *FOR_FOLDERS[config], *TINY_TRAINER, *data)
    assert list(tmp_path.rglob("model.ckpt"))


@pytest.mark.parametrize("config", FOR_CLASSES)
def test_configurations_for_classes_train_and_draw_the_papers_figures(run, mnist_root, tmp_path, capsys, config):
    data = ["--data.root", mnist_root, "--data.normal_class", 3, "--data.num_workers", 0]
    run(
        "train",
        "--config",
        config_path(config),
        *TINY_NETWORK,
        *FOR_CLASSES[config],
        *TINY_TRAINER,
        *data,
        program=anomalib_main,
    )
    printed = capsys.readouterr().out
    assert "image_AUROC" in printed
    assert "pixel_AUROC" not in printed
    folder = tmp_path / "results/Scadn/OneClass/mnist_3/v0"
    assert len(list((folder / "figures").rglob("*.png"))) == 20
    assert not (folder / "images").exists()


def test_a_plain_command_line_fits_tests_predicts_and_exports(run, lace_folder, tmp_path):
    model = ["--model", "anomalib_scadn.Scadn", *TINY_MODEL]
    data = ["--data", "anomalib_scadn.LaceAD", "--data.root", lace_folder, "--data.category", 1]
    run("fit", *model, *data, "--data.num_workers", 0, *TINY_TRAINER, program=AnomalibCLI)
    checkpoint = next(tmp_path.rglob("model.ckpt"))
    for subcommand in ("validate", "test"):
        run(subcommand, *model, *data, "--data.num_workers", 0, "--ckpt_path", checkpoint, program=AnomalibCLI)
    images = lace_folder / "1" / "test" / "hole"
    run("predict", *model, "--data", images, "--ckpt_path", checkpoint, program=AnomalibCLI)
    run("export", *model, "--ckpt_path", checkpoint, "--export_type", "torch", program=AnomalibCLI)
    assert list(tmp_path.rglob("model.pt"))


def tiny_benchmark(tmp_path: Path, lace_root: Path, models: slice = slice(None), **changes: object) -> Path:
    """The shipped benchmark with less of everything, of some of its models."""
    config = yaml.safe_load(config_path("benchmark").read_text())
    scadn, patchcore, padim = config["benchmark"]["model"]["grid"]
    scadn["init_args"].update(image_size=32, base_channels=2, residual_blocks=1, max_epochs=1, **changes)
    patchcore["init_args"].update(coreset_sampling_ratio=0.001)
    config["benchmark"]["model"]["grid"] = [scadn, patchcore, padim][models]
    config["benchmark"]["data"]["init_args"].update(
        root=str(lace_root), image_size=32, num_train=8, num_test_good=2, num_test_defect=1, num_workers=0
    )
    path = tmp_path / "benchmark.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def test_the_benchmark_holds_models_with_different_arguments(run, tmp_path, lace_root, monkeypatch):
    epochs = []
    start = Scadn.on_train_epoch_start
    monkeypatch.setattr(Scadn, "on_train_epoch_start", lambda self: (epochs.append(self.current_epoch), start(self)))
    run("benchmark", "--config", tiny_benchmark(tmp_path, lace_root))
    table = pd.read_csv(next(tmp_path.rglob("results.csv")))
    assert list(table["model.class_path"]) == ["anomalib_scadn.Scadn", "Patchcore", "Padim"]
    assert table["image_AUROC"].between(0, 1).all()
    assert epochs == [0]  # the file's number, not Lightning's thousand


def test_a_failed_job_fails_the_benchmark_and_keeps_the_others_results(run, tmp_path, lace_root):
    with pytest.raises(SystemExit, match="1"):
        run("benchmark", "--config", tiny_benchmark(tmp_path, lace_root, slice(2), mask_fill=7.0))
    table = pd.read_csv(next(tmp_path.rglob("results.csv")))
    assert list(table["model.class_path"]) == ["Patchcore"]


def test_configs_lists_and_finds(run, capsys):
    run("configs")
    assert len(capsys.readouterr().out.split()) == len(list(config_folder().glob("*.yaml")))
    run("configs", "demo")
    assert Path(capsys.readouterr().out.strip()).is_file()
    with pytest.raises(SystemExit, match="2"):
        run("configs", "nonsense")
    assert re.match("error: no configuration 'nonsense' in .*; known: .*demo", capsys.readouterr().err)


def test_the_seed_argument_decides_the_weights(run, lace_root, tmp_path):
    for seed in (1, 1, 2):
        run("fit", "--config", config_path("demo"), *TINY_MODEL, *TINY_TRAINER, *lace_arguments(lace_root),
            "--model.seed", seed)  # fmt: skip
    states = [
        torch.load(path, weights_only=True)["state_dict"]["model.generator.decoder.13.weight"]
        for path in sorted(tmp_path.glob("results/Scadn/SyntheticLace/1/v*/weights/lightning/model.ckpt"))
    ]
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_metric_and_visualizer_can_be_named_in_yaml(run, lace_root, tmp_path, capsys):
    components = {
        "evaluator": {
            "class_path": "anomalib.metrics.Evaluator",
            "init_args": {
                "test_metrics": [
                    {"class_path": "anomalib_scadn.PerImagePixelAUROC", "init_args": {"prefix": "paper_"}},
                    {
                        "class_path": "anomalib.metrics.AUROC",
                        "init_args": {"fields": ["pred_score", "gt_label"], "prefix": "image_"},
                    },
                ]
            },
        },
        "visualizer": {
            "class_path": "anomalib_scadn.ScadnVisualizer",
            "init_args": {"max_figures": 1, "field_size": [64, 64]},
        },
    }
    config = yaml.safe_load(config_path("demo").read_text())
    config["model"]["init_args"].update(components)
    path = tmp_path / "components.yaml"
    path.write_text(yaml.safe_dump(config))
    run("train", "--config", path, *TINY_MODEL, *TINY_TRAINER, *lace_arguments(lace_root))
    printed = capsys.readouterr().out
    assert "paper_PerImagePixelAUROC" in printed
    assert "pixel_F1Score" not in printed
    assert len(list(tmp_path.rglob("figures/*/*.png"))) == 1
