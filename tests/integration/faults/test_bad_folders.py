# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Folders, tables and records that are not what they should be."""

import json
import os
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_bad_images import Reader

from anomalib_scadn import LaceAD, OneClass
from anomalib_scadn.cli.configs import config_path
from anomalib_scadn.data.cropping import crop_folder
from anomalib_scadn.deploy.inspection.folder import score_folder
from anomalib_scadn.deploy.inspection.score_table import COLUMNS, ScoreTable


def picture(path, size=(16, 16)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), 60, dtype=np.uint8)).save(path)
    return path


def missing(folder):
    return folder / "none"


def empty(folder):
    (folder / "empty").mkdir()
    return folder / "empty"


def no_folder(folder):
    return picture(folder / "image.png")


def no_image(folder):
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").write_text("no image")
    return folder / "texts"


def hidden(folder):
    picture(folder / "hidden" / ".a.png")
    picture(folder / "hidden" / ".b" / "c.png")
    return folder / "hidden"


def folder_named_image(folder):
    (folder / "named" / "a.png").mkdir(parents=True)
    return folder / "named"


def broken_link(folder):
    (folder / "links").mkdir()
    (folder / "links" / "a.png").symlink_to(folder / "gone.png")
    return folder / "links"


def circle(folder):
    (folder / "circle").mkdir()
    (folder / "circle" / "a.png").symlink_to(folder / "circle" / "a.png")
    return folder / "circle"


INPUTS = [missing, empty, no_folder, no_image, hidden, folder_named_image, broken_link, circle]
COMMANDS = {
    "score": lambda source, target: score_folder(Reader(), source, target, {}),
    "crop": lambda source, target: crop_folder(source, target, size=8),
    "crop with masks": lambda source, target: crop_folder(
        picture(target.parent / "in/a.png").parent, target, 8, source
    ),
    "LaceAD": lambda source, _: LaceAD(root=source.parent, category=source.name, num_workers=0).prepare_data(),
    "OneClass": lambda source, _: OneClass(root=source, num_workers=0).prepare_data(),
}


@pytest.mark.parametrize("make", INPUTS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("command", COMMANDS)
def test_an_input_without_images_is_refused_by_name(tmp_path, command, make):
    source = make(tmp_path)
    with pytest.raises((FileNotFoundError, ValueError, NotADirectoryError)) as caught:
        COMMANDS[command](source, tmp_path / "out")
    assert str(source.parent) in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do all")
@pytest.mark.parametrize("command", ["score", "crop"])
def test_a_folder_without_permission_is_refused_by_name(tmp_path, command):
    picture(tmp_path / "in" / "a.png")
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(PermissionError, match="closed"):
        COMMANDS[command](tmp_path / "in", tmp_path / "closed" / "out")


def file_in_place(target):
    target.write_text("a file")


def foreign(target):
    target.mkdir()
    (target / "scores.csv").write_text("name,age\n")


def other_record(target):
    target.mkdir()
    (target / "run.json").write_text(json.dumps({"input": "elsewhere"}))


def record_is_folder(target):
    (target / "run.json").mkdir(parents=True)


def records(content):
    def make(target):
        target.mkdir()
        (target / "run.json").write_bytes(content)

    return make


BROKEN_RECORDS = [b"", b"{", b"[]", b"null", b"1", b'"a"', b"\xff\xfe", b"\0" * 20, b'{"input": 1, "input"']
OUTPUTS = [file_in_place, foreign, other_record, record_is_folder, *map(records, BROKEN_RECORDS)]


@pytest.mark.parametrize("make", OUTPUTS, ids=lambda make: make.__name__)
def test_an_output_of_another_kind_is_refused_by_name_and_left_as_it_was(tmp_path, make):
    picture(tmp_path / "in" / "a.png")
    make(tmp_path / "out")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises((ValueError, OSError), match="out"):
        score_folder(Reader(), tmp_path / "in", tmp_path / "out", {})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_crop_leaves_an_output_that_is_not_empty_as_it_was(tmp_path):
    picture(tmp_path / "in" / "a.png")
    for make in (file_in_place, foreign, other_record):
        target = tmp_path / make.__name__
        make(target)
        with pytest.raises(FileExistsError, match=make.__name__):
            crop_folder(tmp_path / "in", target, size=8)


def opened(path):
    """Open a table; gives what is done, or the error."""
    try:
        table = ScoreTable(path, {})
    except ValueError as error:
        return str(error)
    table.close()
    return table.done


@given(content=st.binary(max_size=200), header=st.booleans())
def test_any_bytes_are_a_table_or_an_error_with_the_name(tmp_path_factory, content, header):
    path = tmp_path_factory.getbasetemp() / "scores.csv"
    path.write_bytes((",".join(COLUMNS).encode() + b"\n" if header else b"") + content)
    before = path.read_bytes()
    first, again = (opened(path) for _ in range(2))
    assert first == again
    if isinstance(first, str):
        assert str(path) in first
        assert path.read_bytes() == before


TREES = {
    "no training images": (["test/good/a.png"], "train"),
    "empty test": (["train/good/a.png"], "test"),
    "defects in train": (["train/good/a.png", "train/hole/b.png", "test/good/c.png"], "normal"),
    "stray in train": (["train/good/a.png", "train/b.png", "test/good/c.png"], "b.png"),
    "stray in test": (["train/good/a.png", "test/b.png"], "b.png"),
    "mask without image": (["train/good/a.png", "test/hole/b.png", "ground_truth/hole/c_mask.png"], "c_mask.png"),
    "two masks": (
        ["train/good/a.png", "test/hole/b.png", "ground_truth/hole/b.png", "ground_truth/hole/b_mask.png"],
        "b_mask.png",
    ),
    "image without mask": (
        ["train/good/a.png", "test/hole/b.png", "test/hole/c.png", "ground_truth/hole/b_mask.png"],
        "c.png",
    ),
    "two images of a mask": (
        ["train/good/a.png", "test/hole/b.png", "test/hole/b.jpg", "ground_truth/hole/b_mask.png"],
        "b_mask.png",
    ),
}


@pytest.mark.parametrize("case", TREES)
def test_a_data_set_that_does_not_fit_together_is_refused_by_name(tmp_path, case):
    files, named = TREES[case]
    for name in files:
        picture(tmp_path / "1" / name)
    with pytest.raises((FileNotFoundError, ValueError), match=re.escape(named)):
        LaceAD(root=tmp_path, category=1, num_workers=0).prepare_data()


def test_masks_of_another_size_are_refused_by_name(tmp_path):
    for name in ("train/good/a.png", "test/hole/b.png"):
        picture(tmp_path / "1" / name)
    picture(tmp_path / "1/ground_truth/hole/b_mask.png", (8, 16))
    with pytest.raises(ValueError, match=r"b_mask\.png.*16 x 16.*16 x 8"):
        LaceAD(root=tmp_path, category=1, num_workers=0).prepare_data()


@pytest.mark.parametrize("name", ["", "none", "../demo", "a/b", "demo\n", ".", "*", "demo.yml"])
def test_an_unknown_configuration_is_refused_with_those_that_are_known(name):
    with pytest.raises(FileNotFoundError, match="demo") as caught:
        config_path(name)
    assert repr(name) in str(caught.value) or f" {name}" in str(caught.value)
