# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Data sets of the comparison."""

import shutil

import pytest
import torch

from anomalib_scadn import SyntheticLace
from data import fingerprint, list_test_images, make_datamodule, parse_data, read_test_image, read_test_mask


def test_data_are_named_by_the_user_or_their_folder(tree, tmp_path):
    assert parse_data(f"fabric={tree}") == ("fabric", tree)
    assert parse_data(str(tree)) == ("tiny", tree)
    assert parse_data("lace") == ("lace", None)
    assert parse_data(f"lace={tmp_path}") == ("lace", tmp_path)


def test_a_folder_is_never_taken_for_drawn_lace(tree, tmp_path):
    shutil.copytree(tree, tmp_path / "lace")
    assert parse_data(f"mine={tmp_path / 'lace'}") == ("mine", tmp_path / "lace")
    with pytest.raises(ValueError, match=r"not be 'lace', which is drawn; got 'lace', expected NAME=ROOT"):
        parse_data(str(tmp_path / "lace"))


def test_a_missing_folder_is_named(tree, tmp_path):
    with pytest.raises(FileNotFoundError, match="absent is not there; expected NAME=ROOT"):
        parse_data(f"fabric={tmp_path / 'absent'}")
    with pytest.raises(FileNotFoundError, match=r"expected the folder .*train/good, found none"):
        parse_data(f"fabric={tmp_path}")
    with pytest.raises(FileNotFoundError, match="no folder is not there"):
        parse_data("fabric=")
    with pytest.raises(ValueError, match=r"--data \.\./x=.*must be made of letters"):
        parse_data(f"../x={tree}")


def test_an_anomalous_image_whose_mask_alone_is_missing_is_named_before_any_run(tree, tmp_path):
    copy = shutil.copytree(tree, tmp_path / "copy")
    next((copy / "ground_truth").rglob("*.png")).unlink()
    with pytest.raises(ValueError, match="anomalous image without a mask"):
        parse_data(str(copy))


def test_test_images_have_paths_below_the_root_labels_and_masks_of_one_size(tree):
    datamodule = make_datamodule("tiny", str(tree), 32)
    datamodule.setup()
    samples = list_test_images(datamodule)
    files = {path.relative_to(tree).as_posix() for path in (tree / "test").rglob("*.*")}
    assert {sample.name for sample in samples} == files
    assert {sample.path.suffix for sample in samples} == {".png", ".jpg"}
    assert all((sample.label == 0) == sample.name.startswith("test/good/") for sample in samples)
    assert {read_test_image(sample).shape[-2:] for sample in samples} == {(32, 32), (40, 56)}
    masks = torch.stack([read_test_mask(sample, 16) for sample in samples])
    assert masks.shape == (7, 16, 16)
    assert [bool(mask.any()) for mask in masks] == [bool(sample.label) for sample in samples]


def test_without_masks_all_masks_are_empty(bare_tree):
    datamodule = make_datamodule("bare", str(bare_tree), 32)
    datamodule.setup()
    samples = list_test_images(datamodule)
    assert sum(sample.label for sample in samples) == 5
    assert not any(read_test_mask(sample, 16).any() for sample in samples)


def test_lace_is_drawn_at_the_size_of_the_comparison(tmp_path):
    lace = make_datamodule("lace", str(tmp_path), 64)
    assert isinstance(lace, SyntheticLace)
    assert "64px" in fingerprint("lace", str(tmp_path), 64)


def test_the_fingerprint_tells_other_contents_but_not_another_place(tree, tmp_path):
    copy, linked = tmp_path / "copy", tmp_path / "linked"
    shutil.copytree(tree, copy)
    linked.symlink_to(copy)
    before = fingerprint("tiny", str(tree), 32)
    assert fingerprint("tiny", str(copy), 32) == fingerprint("tiny", str(linked), 32) == before
    (copy / ".DS_Store").write_text("hidden")
    (copy / "notes.txt").write_text("no data")
    assert fingerprint("tiny", str(copy), 32) == before
    image = next((copy / "test").rglob("*.png"))
    data = image.read_bytes()
    image.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))  # as large as before
    assert fingerprint("tiny", str(copy), 32) != before
    image.unlink()
    without = fingerprint("tiny", str(copy), 32)
    image.symlink_to(tree / image.relative_to(copy))
    assert fingerprint("tiny", str(copy), 32) == before != without
    assert before.startswith("20 files")
