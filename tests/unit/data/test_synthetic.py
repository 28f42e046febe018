# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import inspect
from pathlib import Path

import platformdirs
import pytest
from anomalib import TaskType
from anomalib.data import AnomalibDataModule
from jsonargparse import ArgumentParser

from anomalib_scadn.data import LaceAD, SyntheticLace, lace_folder

SMALL = {"image_size": 32, "num_train": 3, "num_test_good": 2, "num_test_defect": 1, "num_workers": 0}


def test_arguments_end_with_those_of_lacead():
    own = inspect.signature(SyntheticLace).parameters
    common = [name for name in inspect.signature(LaceAD).parameters if name not in {"root", "category", "bit_depth"}]
    assert list(own)[-len(common) :] == common
    for name in common:
        assert own[name] == inspect.signature(LaceAD).parameters[name]


def test_preparing_draws_what_is_then_read(tmp_path):
    datamodule = SyntheticLace(tmp_path, 2, **SMALL)
    datamodule.prepare_data()
    datamodule.setup()
    assert datamodule.name == "SyntheticLace"
    assert datamodule.task == TaskType.SEGMENTATION
    assert (len(datamodule.train_data), len(datamodule.test_data)) == (3, 7)
    assert Path(datamodule.train_data.samples.image_path[0]).is_relative_to(datamodule.root / "2")
    item = datamodule.test_data[0]
    assert item.image.shape == (3, 32, 32)
    assert item.gt_mask.any()


def test_setup_draws_what_was_not_prepared(tmp_path, monkeypatch):
    datamodule = SyntheticLace(tmp_path, **SMALL)
    datamodule.setup()
    assert len(datamodule.train_data) == 3
    monkeypatch.setattr(lace_folder, "draw_lace", None)
    SyntheticLace(tmp_path, **SMALL).setup()


def test_patterns_share_a_root(tmp_path):
    for category in (1, 2):
        SyntheticLace(tmp_path, category, **SMALL).prepare_data()
    assert sorted(path.name for path in SyntheticLace(tmp_path, **SMALL).root.iterdir()) == ["1", "2"]


def test_construction_touches_no_file(tmp_path):
    root = SyntheticLace(tmp_path / "lace", **SMALL).root
    assert root == tmp_path / "lace" / "v1_32px_train3_good2_defect1_seed0"
    assert not (tmp_path / "lace").exists()


def test_cache_folder_is_looked_up_when_it_is_needed(tmp_path, monkeypatch):
    datamodule = SyntheticLace(**SMALL)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / name)
    datamodule.prepare_data()
    assert (tmp_path / "anomalib-scadn/synthetic_lace/v1_32px_train3_good2_defect1_seed0/1/train/good").is_dir()


@pytest.mark.parametrize("category", ["0", "5", "flower", "-1", "1.5", ""])
def test_unknown_pattern_is_refused(category):
    with pytest.raises(ValueError, match=f"got '{category}': unknown lace pattern .*expected one of 1, 2, 3, 4"):
        SyntheticLace(category=category)


def test_pair_as_image_size_must_be_square():
    assert SyntheticLace(image_size=(64, 64)).root == SyntheticLace(image_size=64).root
    with pytest.raises(ValueError, match="image_size must be square, got 64 x 32"):
        SyntheticLace(image_size=(64, 32))


def test_impossible_numbers_are_refused_at_construction():
    with pytest.raises(ValueError, match="num_train must be 1 or more, got 0"):
        SyntheticLace(num_train=0)


def test_command_line_builds_the_data_module(tmp_path):
    parser = ArgumentParser()
    parser.add_subclass_arguments(AnomalibDataModule, "data")
    path = "anomalib_scadn.data.synthetic.SyntheticLace"
    arguments = ["--data", path, "--data.root", str(tmp_path), "--data.category", "3", "--data.image_size", "64"]
    datamodule = parser.instantiate_classes(parser.parse_args(arguments)).data
    assert datamodule.category == "3"
    assert datamodule.root.name == SyntheticLace(image_size=64).root.name


def test_changed_folder_is_checked(tmp_path):
    datamodule = SyntheticLace(tmp_path, **SMALL)
    datamodule.prepare_data()
    (datamodule.root / "1/test/hole/000.png").unlink()
    with pytest.raises(ValueError, match=r"mask .*hole/000_mask\.png must belong to one image"):
        datamodule.prepare_data()
