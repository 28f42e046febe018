# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``crop`` and ``score`` through the real command line, in this process."""

import csv
import json
import re
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from lightning.pytorch import Trainer
from PIL import Image

from anomalib_scadn import LaceAD
from anomalib_scadn.cli import commands
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer
from command_line import run
from tolerances import score_rounding


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def pictures(tmp_path):
    for index, name in enumerate(("a.png", "sub/b.jpg")):
        save(tmp_path / "in" / name, np.full((20, 30, 3), 100 + 100 * index, dtype=np.uint8))
    return tmp_path / "in"


@dataclass
class Dummy:
    """Stands in for the inferencer: brightness is the score."""

    path: object
    device: str = "cpu"
    passes_at_once: int | None = None
    tile: int | None = None
    overlap: int = 64
    batch_size: int = 1
    tile_progress: bool = False
    bit_depth: int | None = None
    ignore_mask: object = None
    precision: str = "f32"
    ignored = None
    backend = SimpleNamespace(outputs={"pred_score", "pred_label"}, precision="f32")

    def __post_init__(self):
        if not self.path.exists():
            msg = f"no such model: {self.path}\nat all"
            raise FileNotFoundError(msg)

    def predict_many(self, images):
        for image in images:
            try:
                pixels = np.asarray(Image.open(image).convert("L"), dtype=np.float32) / 255
            except OSError as error:
                yield image, error
                continue
            score = float(pixels.max())
            yield image, InferenceResult(score, score, score > 0.5, pixels, pixels, pixels > 0.5, None, 1)


@pytest.mark.parametrize("tile", [None, 32])
def test_a_real_model_scores_images_of_any_size(tmp_path, tiny_scadn, tile, capsys):
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path)
    trainer.strategy.connect(tiny_scadn(visualizer=False))
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    generator = np.random.default_rng(0)
    for name, size in {"a.png": (32, 32), "b.jpg": (37, 50, 3), "c.bmp": (20, 12)}.items():
        save(tmp_path / "in" / name, generator.integers(0, 256, size, dtype=np.uint8))
    (tmp_path / "in/d.jpg").write_bytes((tmp_path / "in/b.jpg").read_bytes()[:500])
    options = () if tile is None else ("--tile", tile, "--overlap", 8)
    arguments = ("--model", tmp_path / "model.ckpt", "--input", tmp_path / "in", "--output", tmp_path / "out")
    assert run("score", *arguments, *options) == 1
    assert ("?tile/s" in capsys.readouterr().err) == (tile is not None)
    with (tmp_path / "out/scores.csv").open(newline="") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    inferencer = StripedMaskInferencer(tmp_path / "model.ckpt", tile=tile, overlap=8)
    for name in ("a.png", "b.jpg", "c.bmp"):
        expected = inferencer.predict(tmp_path / "in" / name)
        assert float(rows[name]["raw_score"]) == pytest.approx(expected.raw_score, abs=score_rounding(2))
        assert int(rows[name]["selected_scale"]) == expected.selected_scale
        with Image.open(tmp_path / "in" / name) as image:
            assert (int(rows[name]["width"]), int(rows[name]["height"])) == image.size
        assert (rows[name]["pred_score"], rows[name]["pred_label"]) == ("", "")  # it was never validated
    assert not (tmp_path / "out/overlays").exists()
    assert f"cannot read {tmp_path / 'in/d.jpg'}: expected an image file" in rows["d.jpg"]["error"]


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Model file that nothing reads."""
    made = []

    def make(path, **arguments):
        made.append(Dummy(path, **arguments))
        return made[-1]

    monkeypatch.setattr(commands, "StripedMaskInferencer", make)
    path = tmp_path / "model.onnx"
    path.write_text("weights")
    return path, made


def test_images_are_scored(tmp_path, pictures, model, capsys):
    path, made = model
    out = tmp_path / "out"
    options = (
        "--device",
        "GPU",
        "--tile",
        16,
        "--overlap",
        4,
        "--passes_at_once",
        2,
        "--batch_size",
        3,
        "--bit_depth",
        12,
    )
    assert run("score", "--model", path, "--input", pictures, "--output", out, *options) == 0
    assert made == [Dummy(path, "GPU", 2, 16, 4, 3, tile_progress=True, bit_depth=12)]
    with (out / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["path"], row["pred_label"], row["selected_scale"]) for row in rows] == [
        ("a.png", "0", "1"),
        ("sub/b.jpg", "1", "1"),
    ]
    assert (out / "overlays/sub/b.png").is_file()
    record = json.loads((out / "run.json").read_text())
    assert (record["tile"], record["overlap"], record["files"][0]["name"]) == (16, 4, "model.onnx")
    assert record["bit_depth"] == 12
    captured = capsys.readouterr()
    assert captured.out == f"2 images, 1 anomalous, 0 failed; results are in {out}\n"
    assert "2/2" in captured.err


def test_a_failed_image_shows_in_the_status(tmp_path, pictures, model):
    (pictures / "broken.png").write_text("no image")
    assert run("score", "--model", model[0], "--input", pictures, "--output", tmp_path / "out") == 1
    (pictures / "broken.png").unlink()
    assert run("score", "--model", model[0], "--input", pictures, "--output", tmp_path / "out") == 0


def test_errors_of_score_are_one_line(tmp_path, pictures, model, capsys):
    path, _ = model
    out = tmp_path / "out"
    missing = tmp_path / "none.onnx"
    assert run("score", "--model", missing, "--input", pictures, "--output", out) == 2
    assert capsys.readouterr().err == f"error: no such model: {missing} at all\n"
    assert not out.exists()
    assert run("score", "--model", path, "--input", tmp_path / "none", "--output", out) == 2
    assert capsys.readouterr().err.startswith("error: input folder not found: ")
    assert run("score", "--model", path, "--input", pictures, "--output", out) == 0
    capsys.readouterr()
    path.write_text("other weights")
    assert run("score", "--model", path, "--input", pictures, "--output", out) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {out} holds results of another run: the model was model.onnx (SHA-256 ")
    assert err.count("\n") == 1


def test_an_interrupted_run_says_so(tmp_path, pictures, model, monkeypatch, capsys):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "score_folder", interrupt)
    assert run("score", "--model", model[0], "--input", pictures, "--output", tmp_path / "out") == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_cut_data_set_opens(tmp_path, pictures, capsys):
    mask = np.zeros((20, 30), dtype=np.uint8)
    mask[19, 29] = 255
    save(tmp_path / "masks/sub/b_mask.png", mask)
    out = tmp_path / "root/7"
    options = ("--size", 16, "--masks", tmp_path / "masks", "--remainder", "shift", "--defect", "hole")
    assert run("crop", "--input", pictures, "--output", out, *options) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "       4  train/good",
        "       3  test/good",
        "       1  test/hole",
        f"       8  patches of 2 images, 1 masks, in {out}",
        "Images without a mask that marks something count as normal: their patches are in train/good.",
    ]
    assert "2/2" in captured.err
    data = LaceAD(root=tmp_path / "root", category="7", num_workers=0)
    data.setup()
    assert (len(data.train_data), len(data.test_data)) == (4, 4)


def test_a_data_set_without_test_images_is_pointed_out(tmp_path, pictures, capsys):
    assert run("crop", "--input", pictures, "--output", tmp_path / "out", "--size", 10) == 0
    *_, to_test, normal = capsys.readouterr().out.splitlines()
    assert to_test.startswith("No image to test on: add patches")
    assert normal == "Images without a mask that marks something count as normal: their patches are in train/good."


def test_errors_of_crop_are_one_line(tmp_path, pictures, capsys):
    assert run("crop", "--input", pictures, "--output", tmp_path / "out") == 2
    err = capsys.readouterr().err.splitlines()
    assert (
        err[-1] == f"error: image {pictures / 'a.png'} must be at least as large as a patch, 512 x 512, found 30 x 20"
    )
    assert run("crop", "--input", pictures, "--output", pictures.parent, "--size", 8) == 2
    assert capsys.readouterr().err == (
        f"error: output {pictures.parent} is there already, expected a missing or empty folder; nothing was cut\n"
    )


def test_large_images_are_cut_on_request(tmp_path, pictures, capsys, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 299)  # Pillow refuses twice as many, a picture has 600
    arguments = ("crop", "--input", pictures, "--output", tmp_path / "out", "--size", 10)
    assert run(*arguments) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert err.startswith(
        f"error: cannot read {pictures / 'a.png'}: Image size (600 pixels) exceeds limit of 598 pixels"
    )
    assert "--max_pixels of crop, score and score-many, PIL.Image.MAX_IMAGE_PIXELS in Python" in err
    assert run(*arguments, "--max_pixels", 600) == 0
    assert len(list((tmp_path / "out/train/good").iterdir())) == 12


@pytest.mark.parametrize("command", ["score", "crop", "anomalies", "choose"])
def test_help_names_the_types_of_arguments(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run(command, "--help") == 0
    printed = capsys.readouterr().out
    assert "type: None" not in printed
    assert "type: Path" in printed
    assert "type: int" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model.base_channels", 2), "data set root not found: .*nowhere; expected a folder"),
        (("--model.mask_fill", 7), "mask_fill must .*got 7"),
    ],
)
def test_errors_of_training_are_one_line(tmp_path, options, message, capsys):
    model = ("--model", "anomalib_scadn.Scadn", "--model.image_size", 32, *options)
    data = ("--data", "anomalib_scadn.LaceAD", "--data.root", tmp_path / "nowhere")
    trainer = ("--default_root_dir", tmp_path / "results", "--trainer.accelerator", "cpu")
    assert run("train", *model, *data, *trainer) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.match(f"error: {message}", last)


@pytest.mark.parametrize("arguments", [("score",), ("crop", "--remainder", "pad"), ("crop", "--size", "big")])
def test_what_the_parser_refuses_has_the_same_status(arguments):
    assert run(*arguments) == 2


def test_a_threshold_is_chosen_among_the_images_that_are_there_and_scored_with(tmp_path, model, capsys):
    path, _ = model
    for name, value in [("good/1.png", 40), ("good/2.png", 60), ("good/3.png", 250), ("hole/1.png", 90)]:
        save(tmp_path / "in" / name, np.full((8, 8), value, dtype=np.uint8))
    arguments = ("score", "--model", path, "--input", tmp_path / "in")
    assert run(*arguments, "--output", tmp_path / "out") == 0
    (tmp_path / "in/good/3.png").unlink()
    assert run(*arguments, "--output", tmp_path / "out") == 0
    capsys.readouterr()
    assert run("threshold", tmp_path / "out") == 0
    out = capsys.readouterr().out
    assert out.startswith(
        f"threshold raw:{float(np.float32(60) / 255)}, from 2 good images, at most 0 of them above it\n"
    )
    assert "expected false alarms among further good parts: 33.33%" in out
    assert "missed: 0 of 1 images" in out
    options = ("--output", tmp_path / "decided", "--threshold", tmp_path / "out/threshold.json")
    assert run(*arguments, *options) == 0
    with (tmp_path / "decided/scores.csv").open(newline="") as file:
        assert [(row["path"], row["pred_label"]) for row in csv.DictReader(file)] == [
            ("good/1.png", "0"),
            ("good/2.png", "0"),
            ("hole/1.png", "1"),
        ]
    capsys.readouterr()
    assert run("threshold", tmp_path / "out", "--false_alarms", "1/1000") == 2
    assert "2 good images cannot promise 1 false alarm in 1000" in capsys.readouterr().err
    assert run("threshold", tmp_path / "out", "--good", "nowhere") == 2
    assert "no image was scored in a folder nowhere" in capsys.readouterr().err
    assert run("report", tmp_path / "out", "--good", "nowhere") == 2
    assert not (tmp_path / "out/report.html").exists()


def test_a_page_is_written(tmp_path, pictures, model, capsys):
    path, _ = model
    assert run("score", "--model", path, "--input", pictures, "--output", tmp_path / "out") == 0
    assert run("report", tmp_path / "out") == 0
    assert f"{tmp_path / 'out/report.html'}: " in capsys.readouterr().out
    assert run("report", tmp_path) == 2
    assert "no run.json in" in capsys.readouterr().err
