# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import inspect
import os

import numpy as np
import pytest
from anomalib import TaskType
from anomalib.data import AnomalibDataModule, MVTecAD
from jsonargparse import ArgumentParser
from PIL import Image

from anomalib_scadn.data import LaceAD
from anomalib_scadn.data.base import ScadnDataModule


def test_arguments_have_the_names_and_order_of_anomalibs():
    own, shared = (list(inspect.signature(kind).parameters) for kind in (LaceAD, ScadnDataModule))
    own.remove("bit_depth")
    assert [*own[:-1], *shared] == list(inspect.signature(MVTecAD).parameters)


def test_name_is_the_class_name():
    assert LaceAD().name == "LaceAD"


def test_number_as_category_becomes_text():
    assert LaceAD(category=3).category == "3"


def test_command_line_builds_the_data_module(lace_root):
    parser = ArgumentParser()
    parser.add_subclass_arguments(AnomalibDataModule, "data")
    path = "anomalib_scadn.data.lacead.LaceAD"
    arguments = ["--data", path, "--data.root", str(lace_root), "--data.category", "10", "--data.num_workers", "0"]
    datamodule = parser.instantiate_classes(parser.parse_args([*arguments, "--data.val_split_mode", "none"])).data
    datamodule.setup()
    assert datamodule.category == "10"
    assert len(datamodule.train_data) == 4


@pytest.mark.parametrize(("usable", "expected"), [(1, 1), (3, 3), (64, 8)])
def test_workers_default_to_the_usable_processors_up_to_eight(monkeypatch, usable, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(usable)), raising=False)
    assert LaceAD().num_workers == expected


def test_workers_default_to_the_processor_count_where_affinity_is_unknown(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert LaceAD().num_workers == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert LaceAD().num_workers == 1


@pytest.mark.parametrize("count", [0, 1, 20])
def test_explicit_workers_are_obeyed(count):
    assert LaceAD(num_workers=count).num_workers == count


def test_negative_workers_are_refused():
    with pytest.raises(ValueError, match=r"num_workers must be 0 or more.*got -1"):
        LaceAD(num_workers=-1)


def test_values_of_12_bits_are_told_by_an_argument(lace_root):
    values = np.full((6, 8), 4095, dtype=np.uint16)
    Image.fromarray(values).save(lace_root / "2/train/good/0.png")
    datamodule = LaceAD(lace_root, 2, bit_depth=12, num_workers=0)
    datamodule.setup()
    assert datamodule.train_data[0].image.min() == 1
    with pytest.raises(ValueError, match="bit_depth must be a whole number from 8 to 16, or None for 16, got 17"):
        LaceAD(lace_root, 2, bit_depth=17)


def test_validation_folder_is_refused():
    with pytest.raises(ValueError, match="val_split_mode must not be 'from_dir'"):
        LaceAD(val_split_mode="from_dir")


@pytest.mark.parametrize(
    ("mode", "train", "val", "test"),
    [("same_as_test", 4, 5, 5), ("from_train", 2, 2, 5), ("from_test", 4, 2, 3), ("none", 4, 0, 5)],
)
def test_validation_modes_split_as_they_say(lace_root, mode, train, val, test):
    datamodule = LaceAD(lace_root, 2, num_workers=0, val_split_mode=mode, seed=0)
    datamodule.prepare_data()
    datamodule.setup()
    loaders = datamodule.train_dataloader(), datamodule.val_dataloader(), datamodule.test_dataloader()
    assert [len(loader.dataset) if loader else 0 for loader in loaders] == [train, val, test]


def test_test_batch_has_labels_and_masks(lace_root):
    datamodule = LaceAD(lace_root, 2, eval_batch_size=5, num_workers=0)
    datamodule.setup()
    batch = next(iter(datamodule.test_dataloader()))
    assert batch.image.shape == (5, 3, 6, 8)
    assert batch.gt_label.tolist() == [False, False, True, True, True]
    assert batch.gt_mask.sum(dim=(1, 2)).tolist() == [0, 0, 1, 1, 1]
    assert datamodule.task == TaskType.SEGMENTATION


def test_pattern_without_masks_is_classified(lace_root):
    (lace_root / "2/ground_truth").rename(lace_root / "2/elsewhere")
    datamodule = LaceAD(lace_root, 2, num_workers=0)
    datamodule.setup()
    assert datamodule.task == TaskType.CLASSIFICATION
    assert next(iter(datamodule.test_dataloader())).gt_mask is None


def test_normal_test_images_come_from_training_when_there_are_none(lace_root):
    (lace_root / "2/test/good").rename(lace_root / "2/elsewhere")
    datamodule = LaceAD(lace_root, 2, num_workers=0, test_split_ratio=0.5, seed=0)
    datamodule.setup()
    assert (len(datamodule.train_data), len(datamodule.test_data)) == (2, 5)


def test_preparing_checks_without_writing(lace_root, save):
    before = sorted(lace_root.rglob("*"))
    LaceAD(lace_root, 2).prepare_data()
    assert sorted(lace_root.rglob("*")) == before
    save("2/ground_truth/torn/0_mask.png", size=(4, 6))
    with pytest.raises(ValueError, match="must be as large as its image"):
        LaceAD(lace_root, 2).prepare_data()


@pytest.mark.parametrize("method", ["prepare_data", "setup"])
def test_missing_root_is_an_error_at_use_not_at_construction(tmp_path, method):
    datamodule = LaceAD(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        getattr(datamodule, method)()


def test_home_folder_in_root_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert LaceAD("~/lace").root == tmp_path / "lace"


def test_no_root_means_the_data_folder_of_the_host():
    assert LaceAD(root=None).root == MVTecAD(root=None).root.parent / "LaceAD"
