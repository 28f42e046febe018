# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Small data and models that the tests share."""

import gc
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from anomalib.engine import Engine

from anomalib_scadn import Scadn, SyntheticLace

SIZE = 32

# OpenVINO's conversion otherwise reports its use over the network, from processes that it forks.
os.environ["CI"] = "true"


@pytest.fixture(autouse=True, scope="session")
def _rare_collections() -> None:
    """Tracing a graph makes a million objects: with Python's own limits a third of its time is garbage collection."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that all processes of the run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def lace_root(run_folder: Path) -> Path:
    """Folder that drawn lace is kept in for the whole run."""
    return run_folder / "lace"


@pytest.fixture
def tiny_lace(lace_root: Path) -> Callable[..., SyntheticLace]:
    """Maker of a data module with eight training and seven test images of 32 x 32 pixels."""

    def make(**arguments: object) -> SyntheticLace:
        defaults = {"num_train": 8, "num_test_good": 2, "num_test_defect": 1, "num_workers": 0}
        return SyntheticLace(root=lace_root, image_size=SIZE, **{**defaults, **arguments})

    return make


@pytest.fixture
def tiny_scadn() -> Callable[..., Scadn]:
    """Maker of a model small enough to train in seconds."""

    def make(**arguments: object) -> Scadn:
        defaults = {"image_size": SIZE, "base_channels": 2, "residual_blocks": 1, "seed": 0, "learning_rate": 1e-3}
        return Scadn(**{**defaults, **arguments})

    return make


@pytest.fixture
def tiny_engine(tmp_path: Path) -> Callable[..., Engine]:
    """Maker of an engine that writes below the test's own folder."""

    def make(**arguments: object) -> Engine:
        defaults = {"max_epochs": 1, "accelerator": "cpu", "logger": False, "enable_progress_bar": False}
        return Engine(default_root_dir=tmp_path / "results", **{**defaults, **arguments})

    return make


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tiny tensors are slower on several threads."""
    torch.set_num_threads(1)


@pytest.fixture
def mnist_root(tmp_path: Path) -> Path:
    """Folder with torchvision's files of a tiny MNIST: four training and two test images of each class.

    Images are flat: the k-th training image of class c has the value 20 * c + k, the k-th test image 20 * c + 10 + k.
    """
    folder = tmp_path / "torchvision" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, count, offset in (("train", 4, 0), ("t10k", 2, 10)):
        labels = np.tile(np.arange(10, dtype=np.uint8), count)
        values = 20 * labels + offset + np.repeat(np.arange(count, dtype=np.uint8), 10)
        images = np.broadcast_to(values[:, None, None], (len(values), 28, 28))
        (folder / f"{name}-images-idx3-ubyte").write_bytes(
            b"\x00\x00\x08\x03" + np.array(images.shape, dtype=">i4").tobytes() + images.tobytes()
        )
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(
            b"\x00\x00\x08\x01" + np.array(labels.shape, dtype=">i4").tobytes() + labels.tobytes()
        )
    return folder.parents[1]
