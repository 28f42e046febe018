# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import hashlib
import inspect
import pickle
import shutil

import numpy as np
import pytest
import torch
from anomalib import TaskType
from anomalib.data import AnomalibDataModule
from jsonargparse import ArgumentParser
from torchvision.datasets import CIFAR10, MNIST

from anomalib_scadn.data import LaceAD, OneClass, OneClassDataset


def values_of(dataset):
    """The one grey value of each flat image."""
    return [round(float(dataset[index].image[0, 0, 0]) * 255) for index in range(len(dataset))]


@pytest.fixture
def cifar_root(tmp_path, monkeypatch):
    """A tiny CIFAR-10 in torchvision's layout; torchvision checks sums, so it is told those of these files.

    The image of class c has the colour (c, 100 + c, 200 + c), in training and in test.
    """
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    colours = np.arange(10)[:, None] + np.array([0, 100, 200])
    batch = {"data": np.repeat(colours, 32 * 32, axis=1).astype(np.uint8), "labels": list(range(10))}

    def write(name, content):
        (folder / name).write_bytes(pickle.dumps(content))
        return hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).hexdigest()

    monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", write("data_batch_1", batch)]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", write("test_batch", batch)]])
    names = {"label_names": [f"class {number}" for number in range(10)]}
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": write("batches.meta", names)})
    return tmp_path


def test_training_images_are_all_those_of_the_normal_class(mnist_root):
    dataset = OneClassDataset(mnist_root, normal_class=3, split="train")
    assert values_of(dataset) == [60, 61, 62, 63]
    assert {int(dataset[index].gt_label) for index in range(4)} == {0}


def test_test_images_are_the_whole_split_and_only_the_normal_class_is_normal(mnist_root):
    dataset = OneClassDataset(mnist_root, normal_class=3, split="test")
    assert values_of(dataset) == [20 * number + 10 + turn for turn in range(2) for number in range(10)]
    assert [int(dataset[index].gt_label) for index in range(20)] == [int(number != 3) for number in range(10)] * 2
    assert list(dataset.samples["class"]) == list(range(10)) * 2


def test_grey_images_become_three_equal_channels(mnist_root):
    item = OneClassDataset(mnist_root, normal_class=1)[2]
    assert item.image.shape == (3, 28, 28)
    assert item.image.dtype == torch.float32
    assert torch.equal(item.image, torch.full((3, 28, 28), 22 / 255))
    assert item.gt_mask is None
    assert item.image_path is None


def test_colours_keep_their_order(cifar_root):
    item = OneClassDataset(cifar_root, "cifar10", 7)[0]
    assert item.image.shape == (3, 32, 32)
    assert torch.allclose(item.image[:, 5, 9] * 255, torch.tensor([7.0, 107.0, 207.0]))


def test_fashion_mnist_has_a_folder_of_its_own(mnist_root):
    with pytest.raises(FileNotFoundError, match="FashionMNIST"):
        OneClassDataset(mnist_root, "fashion_mnist")
    (mnist_root / "MNIST").rename(mnist_root / "FashionMNIST")
    assert len(OneClassDataset(mnist_root, "fashion_mnist")) == 4


def test_fewer_training_images_are_the_first_of_the_class(mnist_root):
    datamodule = OneClass(mnist_root, normal_class=2, num_train=3, num_workers=0)
    datamodule.setup()
    assert values_of(datamodule.train_data) == [40, 41, 42]
    assert len(datamodule.test_data) == 20


def test_fewer_test_images_are_the_first_of_the_split(mnist_root):
    datamodule = OneClass(mnist_root, normal_class=2, num_test=12, num_workers=0)
    datamodule.setup()
    assert len(datamodule.train_data) == 4
    assert sorted(values_of(datamodule.test_data)) == sorted([*range(10, 200, 20), 11, 31])


@pytest.mark.parametrize(
    ("mode", "train", "val", "test"),
    [("same_as_test", 4, 20, 20), ("from_train", 2, 2, 20), ("from_test", 4, 10, 10), ("none", 4, 0, 20)],
)
def test_validation_modes_split_as_they_say_and_lose_no_image(mnist_root, mode, train, val, test):
    datamodule = OneClass(mnist_root, normal_class=9, num_workers=0, val_split_mode=mode, seed=0)
    datamodule.prepare_data()
    datamodule.setup()
    loaders = datamodule.train_dataloader(), datamodule.val_dataloader(), datamodule.test_dataloader()
    assert [len(loader.dataset) if loader else 0 for loader in loaders] == [train, val, test]
    if mode == "from_test":
        both = values_of(datamodule.test_data) + values_of(datamodule.val_data)
        assert sorted(both) == sorted(20 * number + 10 + turn for turn in range(2) for number in range(10))


def test_labels_stay_with_their_images_when_the_host_splits(mnist_root):
    datamodule = OneClass(mnist_root, normal_class=9, num_workers=0, val_split_mode="from_test", seed=0)
    datamodule.setup()
    for dataset in (datamodule.test_data, datamodule.val_data):
        labels = [int(dataset[index].gt_label) for index in range(len(dataset))]
        assert labels == [int(value // 20 != 9) for value in values_of(dataset)]


def test_a_batch_has_labels_and_no_masks(mnist_root):
    datamodule = OneClass(mnist_root, eval_batch_size=20, num_workers=0)
    datamodule.setup()
    batch = next(iter(datamodule.test_dataloader()))
    assert batch.image.shape == (20, 3, 28, 28)
    assert int(batch.gt_label.sum()) == 18
    assert batch.gt_mask is None
    assert batch.image_path is None
    assert datamodule.task == TaskType.CLASSIFICATION


@pytest.mark.parametrize("method", ["prepare_data", "setup"])
@pytest.mark.parametrize(
    ("dataset", "expected"),
    [("mnist", "train-images-idx3-ubyte.*MNIST.raw"), ("cifar10", "data_batch_1.*cifar-10-batches-py")],
)
def test_missing_data_give_one_error_that_names_folder_and_files(tmp_path, method, dataset, expected):
    datamodule = OneClass(tmp_path / "nowhere", dataset)
    with pytest.raises(FileNotFoundError, match=f"no {dataset} in .*nowhere: expected torchvision's files {expected}"):
        getattr(datamodule, method)()
    assert not (tmp_path / "nowhere").exists()


def test_a_single_missing_file_is_named_alone(mnist_root):
    (mnist_root / "MNIST/raw/t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="files t10k-labels-idx1-ubyte in"):
        OneClassDataset(mnist_root)


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x08\x03", b"no idx file at all"])
def test_damaged_idx_file_is_an_error(mnist_root, content):
    (mnist_root / "MNIST/raw/train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot read mnist in .*raw: expected torchvision's files"):
        OneClassDataset(mnist_root)


def test_images_without_labels_are_an_error(mnist_root):
    raw = mnist_root / "MNIST/raw"
    shutil.copy(raw / "t10k-labels-idx1-ubyte", raw / "train-labels-idx1-ubyte")
    with pytest.raises(ValueError, match="40 images, but 20 labels"):
        OneClassDataset(mnist_root)


def test_file_with_another_checksum_is_an_error(cifar_root):
    (cifar_root / "cifar-10-batches-py/test_batch").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"cannot read cifar10 in .*cifar-10-batches-py"):
        OneClassDataset(cifar_root, "cifar10")


def test_class_without_training_images_is_an_error(mnist_root):
    raw = mnist_root / "MNIST/raw"
    labels = bytearray((raw / "train-labels-idx1-ubyte").read_bytes())
    (raw / "train-labels-idx1-ubyte").write_bytes(labels[:8] + bytes(len(labels) - 8))
    with pytest.raises(ValueError, match="no training image of class 4"):
        OneClassDataset(mnist_root, normal_class=4)


def test_a_failed_download_names_the_folder_and_a_way_out(tmp_path, monkeypatch):
    def fail(self):
        raise RuntimeError("Error downloading train-images")  # torchvision's own

    monkeypatch.setattr(MNIST, "download", fail)
    with pytest.raises(OSError, match=rf"cannot download mnist to {tmp_path / 'MNIST'}: Error .*there by hand"):
        OneClass(tmp_path, download=True, num_workers=0).prepare_data()


def test_download_is_torchvisions_and_happens_only_when_asked_for(mnist_root, tmp_path, monkeypatch):
    target = tmp_path / "target"
    monkeypatch.setattr(MNIST, "download", lambda self: shutil.copytree(mnist_root, self.root))
    with pytest.raises(FileNotFoundError):
        OneClass(target).prepare_data()
    datamodule = OneClass(target, download=True, num_workers=0)
    datamodule.prepare_data()
    monkeypatch.setattr(MNIST, "download", None)  # what is there is not fetched again
    datamodule.prepare_data()
    datamodule.setup()
    assert len(datamodule.train_data) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": "svhn"}, "dataset must be one of mnist, cifar10, fashion_mnist, got 'svhn'"),
        ({"normal_class": 10}, "normal_class must be a whole number from 0 to 9, got 10"),
        ({"normal_class": -1}, "got -1"),
        ({"normal_class": True}, "got True"),
        ({"num_train": 0}, "num_train must be a whole number, at least 1, got 0"),
        ({"num_test": 0}, "num_test must be a whole number, at least 1, got 0"),
        ({"num_workers": -1}, "num_workers must be 0 or more"),
        ({"val_split_mode": "synthetic"}, "val_split_mode must be .*got synthetic"),
        ({"val_split_mode": "from_dir"}, "val_split_mode must be .*got from_dir"),
    ],
)
def test_impossible_arguments_are_refused_at_construction(arguments, message):
    with pytest.raises(ValueError, match=message):
        OneClass(**arguments)


def test_unknown_split_is_refused(mnist_root):
    with pytest.raises(ValueError, match="split must be 'train' or 'test', got 'val'"):
        OneClassDataset(mnist_root, split="val")


def test_arguments_after_its_own_are_those_of_lacead_in_their_order():
    own = list(inspect.signature(OneClass).parameters)
    shared = [name for name in inspect.signature(LaceAD).parameters if name in own and name != "root"]
    assert [name for name in own if name in shared] == shared
    assert own[-len(shared) :] == shared


def test_command_line_builds_the_data_module(mnist_root):
    parser = ArgumentParser()
    parser.add_subclass_arguments(AnomalibDataModule, "data")
    arguments = ["--data", "anomalib_scadn.OneClass", "--data.root", str(mnist_root), "--data.normal_class", "5"]
    datamodule = parser.instantiate_classes(parser.parse_args([*arguments, "--data.download", "true"])).data
    assert datamodule.category == "mnist_5"
    assert datamodule.download
    assert datamodule.name == "OneClass"


def test_home_folder_in_root_is_expanded_and_no_root_means_the_folder_of_the_host(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert OneClass("~/data").root == tmp_path / "data"
    assert OneClass(root=None).root == LaceAD(root=None).root.parent / "torchvision"
