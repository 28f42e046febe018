# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``choose`` and ``anomalies`` through the real command line, in this process."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from anomalib_scadn.anomalies import FILLINGS
from anomalib_scadn.cli import choose, commands
from anomalib_scadn.cli.choose import Candidate
from anomalib_scadn.cli.configs import config_path
from anomalib_scadn.components import RepairRate
from anomalib_scadn.components.anomaly_sheet import draw_sheet
from command_line import run


def lace(root: Path, **counts: int) -> list[object]:
    counts = {"image_size": 32, "num_train": 8, "num_test_good": 4, "num_test_defect": 0, "num_workers": 0} | counts
    options = [text for name, count in counts.items() for text in (f"--data.{name}", count)]
    return ["--data", "anomalib_scadn.SyntheticLace", "--data.root", root, *options]


@pytest.fixture
def tiny_config(tmp_path) -> Path:
    """The shipped configuration with a tiny model."""
    config = yaml.safe_load(config_path("scadn_repair").read_text())
    config["model"]["init_args"].update(image_size=32, base_channels=2, residual_blocks=1)
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def test_a_configuration_is_chosen_without_a_defect(tiny_config, lace_root, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("choose", *lace(lace_root), "--configs", f"[{tiny_config}]", "--max_steps", 2, "--output", "tried") == 0
    printed = capsys.readouterr().out
    rows = re.findall(r"^tiny +([01]\.0) +(\d\.\d{3}) +(\d\.\d{3}) +(\d\.\d{3})$", printed, re.MULTILINE)
    assert {row[0] for row in rows} == {"0.0", "1.0"}
    assert "Only 4 normal images were validated" in printed
    taken, weights = re.search(r"Take tiny with --model.repair (\S+): .* weights are in (\S+)$", printed, re.S).groups()
    assert taken == max(rows, key=lambda row: row[1:])[0]
    assert Path(weights).is_file()
    assert f"tiny_{taken}" in weights


def test_the_configuration_that_finds_most_is_taken(monkeypatch, capsys):
    areas = {("a", 1.0): 0.7, ("a", 0.0): 0.9, ("b", 1.0): 0.8, ("b", 0.0): 0.6}

    def train(file, repair, *_):
        return Candidate(
            file.stem, repair, dict.fromkeys(choose.COLUMNS, areas[file.stem, repair]), "model.ckpt", images=50
        )

    monkeypatch.setattr(choose, "_train", train)
    monkeypatch.setattr(choose, "_build", lambda *_: (None, None, None))
    monkeypatch.setattr(choose, "config_path", Path)
    best = choose.choose({"configs": ["a", "b"], "max_steps": None}, lambda: None)
    assert (best.name, best.repair) == ("a", 0.0)
    assert "Take a with --model.repair 0.0: on synthetic anomalies its repair rate is 0.900" in capsys.readouterr().out


def test_where_the_first_metric_is_equal_the_next_one_decides(monkeypatch, capsys):
    def train(file, repair, *_):
        values = (1.0, 0.8 + repair / 10, 0.5)
        return Candidate(file.stem, repair, dict(zip(choose.COLUMNS, values, strict=True)), "model.ckpt", images=50)

    monkeypatch.setattr(choose, "_train", train)
    monkeypatch.setattr(choose, "_build", lambda *_: (None, None, None))
    monkeypatch.setattr(choose, "config_path", Path)
    assert choose.choose({"configs": ["a"], "max_steps": None}, lambda: None).repair == 1.0
    assert "its synthetic image AUROC is 0.900" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("images", "gap", "said"),
    [(50, 0.1, []), (50, 0.01, ["differ by less than 0.05"]), (19, 0.1, ["Only 19 normal images were validated"])],
)
def test_a_choice_by_chance_is_called_so(images, gap, said):
    best, second = (
        Candidate("a", repair, dict.fromkeys(choose.COLUMNS, 0.5 + gap * repair), "model.ckpt", images)
        for repair in choose.WAYS
    )
    *warnings, taken = choose._verdict(best, second)
    assert taken.startswith("Take a with --model.repair 1.0")
    assert len(warnings) == len(said)
    assert all(text in warning for text, warning in zip(said, warnings, strict=True))


def test_a_validation_without_normal_images_cannot_choose(tiny_config, lace_root, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(RepairRate, "on_validation_epoch_end", lambda *_: None)  # what it does then
    assert run("choose", *lace(lace_root), "--configs", f"[{tiny_config}]", "--max_steps", 1) == 2
    assert "no validation image of SyntheticLace is normal" in capsys.readouterr().err


def test_an_unknown_configuration_is_refused_before_anything_is_trained(lace_root, capsys):
    assert run("choose", *lace(lace_root), "--configs", "[nothing]") == 2
    assert "no configuration 'nothing'" in capsys.readouterr().err
    assert run("choose", *lace(lace_root), "--configs", "[]") == 2
    assert "configs must name at least one configuration" in capsys.readouterr().err
    assert run("choose", *lace(lace_root), "--configs", "[demo,demo]") == 2
    assert "each by another name, got ['demo', 'demo']" in capsys.readouterr().err
    assert run("choose", *lace(lace_root), "--max_steps", 0) == 2
    assert "max_steps must be a whole number, at least 1, got 0" in capsys.readouterr().err


def test_nothing_is_trained_if_one_configuration_cannot_be_built(tiny_config, lace_root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(choose, "_train", lambda *_: pytest.fail("trained"))
    bad = yaml.safe_load(tiny_config.read_text())
    bad["model"]["init_args"]["nonsense"] = 1
    Path("bad.yaml").write_text(yaml.safe_dump(bad))
    assert run("choose", *lace(lace_root), "--configs", f"[{tiny_config},bad.yaml]") == 2


def test_a_number_of_steps_suits_configurations_in_epochs_too(lace_root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load(config_path("demo").read_text())
    config["model"]["init_args"].update(image_size=32, base_channels=2, residual_blocks=1)
    Path("tiny.yaml").write_text(yaml.safe_dump(config))
    assert run("choose", *lace(lace_root), "--configs", "[tiny.yaml]", "--max_steps", 5) == 0


def test_a_sheet_of_anomalies_is_drawn(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for index in range(5):
        pixels = np.random.default_rng(index).integers(0, 256, (40, 56, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{index}.png")
    sheets = [tmp_path / "new" / f"{name}.png" for name in ("one", "other")]
    for sheet in sheets:
        assert run("anomalies", "--input", tmp_path / "in", "--output", sheet, "--images", 3, "--image_size", 32) == 0
    assert "in 3 images" in capsys.readouterr().out
    with Image.open(sheets[0]) as sheet:
        assert sheet.width > 1.9 * sheet.height  # six panels beside each other, three below each other
    assert sheets[0].read_bytes() == sheets[1].read_bytes()


def test_anomalies_are_outlined_and_normal_images_are_not():
    figure = draw_sheet(torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    outlined = [bool(axis.collections) for axis in figure.axes]
    columns = len(FILLINGS) + 2
    assert not any(outlined[::columns])
    assert all(any(outlined[column::columns]) for column in range(1, columns))


def test_a_small_folder_is_shown_whole(tmp_path, capsys, monkeypatch):
    shown = []
    monkeypatch.setattr(commands, "read_input", lambda file: (shown.append(file.name), np.zeros((32, 32, 3), "f4"))[1])
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        Image.new("L", (32, 32)).save(tmp_path / "in" / name)
    assert run("anomalies", "--input", tmp_path / "in", "--output", tmp_path / "sheet.png", "--images", 6) == 0
    assert shown == ["a.png", "b.png", "c.png"]
    assert "in 3 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--input", "missing"), "missing"),
        (("--input", "in", "--images", 0), "images must be a whole number, at least 1, got 0"),
        (("--input", "in", "--output", "sheet.jpg"), "output must be a file ending in .png, got sheet.jpg"),
        (("--input", "in", "--seed", -1), "seed must be a whole number from 0 to 2**32 - 1, got -1"),
        (("--input", "in", "--image_size", 8), "image_size must be a whole number, at least 24, got 8"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    Image.new("L", (32, 32)).save("in/a.png")
    assert run("anomalies", "--output", "sheet.png", *options) == 2
    assert message in capsys.readouterr().err
    assert not list(Path().glob("sheet*"))
