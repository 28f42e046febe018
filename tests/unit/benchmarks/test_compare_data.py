# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Data sets of the comparison."""

import shutil

import pytest
import torch

from anomalib_scadn import SyntheticLace
from comparison.data import fingerprint, list_test_images, make_datamodule, parse_data, read_test_image, read_test_mask


def test_data_are_named_by_the_user_or_their_folder(tree, tmp_path):
    assert parse_data(f"fabric={tree}") == ("fabric", tree)
    assert parse_data(str(tree)) == ("tiny", tree)
    assert parse_data("lace") == ("lace", None)
    assert parse_data(f"lace={tmp_path}") == ("lace", tmp_path)


def test_a_missing_folder_is_named(tree, tmp_path):
    with pytest.raises(FileNotFoundError, match="absent is not there"):
        parse_data(f"fabric={tmp_path / 'absent'}")
    with pytest.raises(FileNotFoundError, match="train/good is not there; expected NAME=ROOT"):
        parse_data(f"fabric={tmp_path}")
    with pytest.raises(FileNotFoundError, match="no folder is not there"):
        parse_data("fabric=")
    with pytest.raises(ValueError, match=r"--data \.\./x=.*must be made of letters"):
        parse_data(f"../x={tree}")


def test_test_images_have_paths_below_the_root_labels_and_masks_of_one_size(tree):
    datamodule = make_datamodule("tiny", str(tree), 32)
    datamodule.setup()
    samples = list_test_images(datamodule)
    assert {sample.name for sample in samples} == {
        path.relative_to(tree).as_posix() for path in (tree / "test").rglob("*.png")
    }
    assert all((sample.label == 0) == sample.name.startswith("test/good/") for sample in samples)
    assert {read_test_image(sample).shape[-2:] for sample in samples} == {(32, 32), (40, 56)}
    masks = torch.stack([read_test_mask(sample, 16) for sample in samples])
    assert masks.shape == (7, 16, 16)
    assert [bool(mask.any()) for mask in masks] == [bool(sample.label) for sample in samples]


def test_lace_is_drawn_at_the_size_of_the_comparison(tmp_path):
    lace = make_datamodule("lace", str(tmp_path), 64)
    assert isinstance(lace, SyntheticLace)
    assert "64px" in fingerprint("lace", str(tmp_path), 64)


def test_the_fingerprint_tells_other_files_but_not_another_place(tree, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy)
    before = fingerprint("tiny", str(tree), 32)
    assert fingerprint("tiny", str(copy), 32) == before
    next((copy / "test").rglob("*.png")).unlink()
    assert fingerprint("tiny", str(copy), 32) != before
