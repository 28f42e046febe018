# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Runs over files of odd names, and over files that change meanwhile."""

import pytest
from PIL import Image
from test_bad_images import NOISE, Reader, encode, rows

from anomalib_scadn.data.cropping import crop_folder
from anomalib_scadn.deploy.inspection.folder import score_folder

NAMES = [
    "two\nlines",
    "tab\there",
    "\udcff",
    "ünï",
    "a,b",
    '"',
    "'",
    " ",
    "%s",
    "{}",
    "-x",
    "🧵",
    "a" * 200,
    "con",
    "...",
]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_scored_and_cut_like_others(tmp_path, name):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / f"{name}.png").write_bytes(encode("png"))
    (folder / f"{name}.jpg").write_bytes(b"no image")
    if not name.startswith("."):
        assert score_folder(Reader(), folder, tmp_path / "out", {}) == 1
        assert {bool(row["error"]) for row in rows(tmp_path / "out").values()} == {True, False}
        assert set(rows(tmp_path / "out")) == {f"{name}.png", f"{name}.jpg"}
    (folder / f"{name}.jpg").unlink()
    if not name.startswith("."):
        assert crop_folder(folder, tmp_path / "cut", size=8).patches == 6


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("change", ["removed", "emptied", "replaced", "folder"])
def test_a_file_that_changes_while_a_folder_is_scored_is_a_row(tmp_path, change, when):
    """Before it is read, or between its score and its picture; files after it are scored as ever."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("1.png", "2.png", "3.png"):
        (folder / name).write_bytes(encode("png"))

    def disturb(image):
        if image.name == "2.png":
            image.unlink()
            if change == "emptied":
                image.write_bytes(b"")
            elif change == "replaced":
                image.write_bytes(encode("png", NOISE[:10, :12] // 2))
            elif change == "folder":
                image.mkdir()

    class After(Reader):
        def predict_many(self, images):
            for image, found in super().predict_many(images):
                disturb(image)
                yield image, found

    inferencer = Reader(disturb) if when == "before" else After()
    assert score_folder(inferencer, folder, tmp_path / "out", {}) == (change != "replaced")
    found = rows(tmp_path / "out")
    assert ("2.png" in found["2.png"]["error"]) == (change != "replaced")
    assert not found["1.png"]["error"] + found["3.png"]["error"]
    for path in (tmp_path / "out").rglob("*.png"):
        with Image.open(path) as picture:
            picture.load()
