# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""In processes that may die: models with damaged bytes, runs that are killed, and runs whose disk is full.

A damaged model is refused or gives a score. After a killed run every file that is there is whole, and a second run
ends as an undisturbed one. ``FLIPS=170 KILLS=20 pytest -s`` on this file damages and kills each that often.
"""

import csv
import io
import os
import shutil
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

FLIPS, KILLS = (int(os.environ.get(name, default)) for name, default in (("FLIPS", "6"), ("KILLS", "1")))
KILLED = {-9, -14}  # SIGKILL, or the alarm that nobody catches


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dying") / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 36, 3), dtype=np.uint8)
    for index, pixels in enumerate(noise):
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


def without_seconds(content):
    """Drop the one column of a table that differs between runs, and a row that was cut off."""
    header, *rows = csv.reader(io.StringIO(content.decode()[: content.rfind(b"\n") + 1]))
    return [[cell for name, cell in zip(header, row, strict=True) if name != "seconds"] for row in rows]


def files(folder):
    """Read the visible files of a folder; a hidden one is nobody's result."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    visible = {name: path for name, path in found.items() if not any(part[0] == "." for part in name.split("/"))}
    return {
        name: without_seconds(path.read_bytes()) if name.endswith(".csv") else path.read_bytes()
        for name, path in visible.items()
    }


class Commands:
    """The commands that are killed, each with a target of its own."""

    def __init__(self, worker, exported, pictures, lace_root):
        self.worker, self.pictures, self.lace_root = worker, pictures, lace_root
        self.model, self.graph = exported.files["checkpoint"], exported.files["generator-onnx"]
        self.whole = {}

    def undisturbed(self, name):
        """Give the results of a whole run, and at how many moments it changed files; it runs once."""
        if name not in self.whole:
            target = self.pictures.parent / name
            done = getattr(self, name)(target, output=str(target.parent))
            assert (done["end"], done["found"][0].get("error")) == (0, None), done
            self.whole[name] = results(name, target), done["found"][0]["changes"]
        return self.whole[name]

    def score(self, target, **options):
        return self.worker.run("score", self.model, self.pictures, target, **options)

    def crop(self, target, **options):
        return self.worker.run("crop", self.pictures, target, **options)

    def export(self, target, **options):
        return self.worker.run("export", self.model, self.graph, target, **options)

    def fit(self, target, **options):
        """Train, from the last checkpoint that there is."""
        resumed = next(target.rglob("*.ckpt"), None)
        where = ["--lace", self.lace_root, "--results", target / "run", "--save", target / "weights.pt"]
        arguments = [*where, "--seed", 0, "--epochs", 2, *(["--resume-in", target] if resumed else [])]
        return self.worker.run("fit", list(map(str, arguments)), **options)


@pytest.fixture(scope="module")
def commands(worker, exported, pictures, lace_root):
    return Commands(worker, exported, pictures, lace_root)


def results(name, target):
    """What must be the same after a killed and an undisturbed run."""
    if name == "fit":
        return {key: value.tolist() for key, value in torch.load(target / "weights.pt", weights_only=True).items()}
    return files(target)


def check_whole(name, target, undisturbed):
    """Every file that is there is as in an undisturbed run, a table up to its last row."""
    if name == "fit":
        for path in target.rglob("*.ckpt"):
            torch.load(path, weights_only=True)
        return
    for file, content in files(target).items():
        expected = undisturbed[file]
        assert content == (expected[: len(content)] if file.endswith(".csv") else expected), file
    if name == "export" and (target / "weights/onnx/generator.onnx").exists():
        assert files(target) == undisturbed
    if name == "crop" and target.exists():
        assert files(target) == undisturbed


@pytest.mark.parametrize("name", ["score", "crop", "export", "fit"])
def test_a_killed_run_leaves_whole_files_and_the_next_one_ends_as_if_undisturbed(commands, tmp_path, name):
    command = getattr(commands, name)
    generator = np.random.default_rng(KILLS)
    expected, moments = commands.undisturbed(name)
    assert moments > 3
    for index in range(KILLS):
        target = tmp_path / str(index)
        moment, delay = int(generator.integers(1, moments + 1)), float(generator.choice([0, 1e-4, 1e-3, 1e-2]))
        killed = command(target, output=str(tmp_path), die_at=moment, delay=delay)
        assert killed["end"] in KILLED | {0}
        assert killed["end"] in KILLED or delay  # so late that the run had ended before
        if target.exists():
            check_whole(name, target, expected)
        if killed["end"] and not (name == "crop" and target.exists()):
            again = command(target)
            assert "error" not in again["found"][0], again
        assert results(name, target) == expected
        shutil.rmtree(target)


@pytest.mark.parametrize("longest", [0, 600])
@pytest.mark.parametrize("name", ["score", "crop", "export"])
def test_a_full_disk_is_an_error_that_names_the_file_and_leaves_no_half_of_one(commands, tmp_path, name, longest):
    command = getattr(commands, name)
    target = tmp_path / "target"
    done = command(target, longest=longest)
    assert done["end"] == 0
    (found,) = done["found"]
    assert found["error"] in {"OSError", "ValueError", "RuntimeError"}, found
    assert str(tmp_path) in found["message"]
    check_whole(name, target, commands.undisturbed(name)[0])
    assert not [path for path in tmp_path.rglob("*.part") if path.stat().st_size]


CHECKED = {"model.ckpt", "generator.onnx.data", "generator.bin", "generator.score.safetensors"}
"""Files whose content has a checksum: a change is noticed, whatever it changes."""

DAMAGED = {
    "model.ckpt": "checkpoint",
    "generator.onnx": "generator-onnx",
    "generator.onnx.data": "generator-onnx",
    "generator.score.safetensors": "generator-onnx",
    "generator.xml": "generator-openvino",
    "generator.bin": "generator-openvino",
}
"""Form of the model by the file that is damaged."""


def damaged_copies(model, name, folder, count):
    """Copy a model often, and change one to three bytes of one file of each copy."""
    generator = np.random.default_rng(len(name))
    for index in range(count):
        copy = folder / str(index)
        copy.mkdir()
        for path in model.parent.glob(f"{model.stem}.*"):
            shutil.copy(path, copy)
        content = bytearray((copy / name).read_bytes())
        for place in generator.integers(0, len(content), generator.integers(1, 4)):
            content[place] ^= int(generator.integers(1, 256))
        (copy / name).write_bytes(content)
        yield copy / model.name


def outcome(found, whole):
    """Name what became of a model."""
    if "end" in found:
        return f"ended by signal {-found['end']}"
    if found.get("error") == "RuntimeError" and "in execution" in found["message"]:
        return "failed"  # a node of a graph took what another one gave only when it ran
    if "error" in found:
        named = found["error"] in {"ValueError", "FileNotFoundError"}
        return "refused" if named else f"not refused by name: {found['error']} {found['message']}"
    score = found["raw_score"]
    return "same" if score == pytest.approx(whole, rel=1e-5) else "other"


@pytest.mark.parametrize("name", DAMAGED)
def test_a_model_with_damaged_bytes_is_refused_or_gives_a_score_and_never_runs_code(exported, worker, tmp_path, name):
    model = exported.files[DAMAGED[name]]
    (whole,) = worker.load([model])
    copies = list(damaged_copies(model, name, tmp_path, FLIPS))
    found = worker.load(copies)
    assert [one["code"] for one in found] == [[]] * FLIPS
    outcomes = Counter(outcome(one, whole["raw_score"]) for one in found)
    print(f"\n{name}: {dict(outcomes)}")
    assert set(outcomes) <= {"refused", "same", *(() if name in CHECKED else ("other", "failed"))}
    for path, one in zip(copies, found, strict=True):
        assert outcome(one, whole["raw_score"]) != "refused" or str(path.parent) in one["message"]
