# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Classification data sets in torchvision's files: found, read, and one clear error if they are not there."""

import logging
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from torchvision.datasets import CIFAR10, MNIST, FashionMNIST

logger = logging.getLogger(__name__)

ClassificationName = Literal["mnist", "cifar10", "fashion_mnist"]

CLASSES = 10
"""Classes of each of these data sets."""

_READERS: dict[str, type] = {"mnist": MNIST, "cifar10": CIFAR10, "fashion_mnist": FashionMNIST}


class LabelledImages(NamedTuple):
    """A split of a classification data set.

    Attributes:
        images (np.ndarray): Shape (N, H, W) if grey or (N, H, W, 3), uint8.
        labels (np.ndarray): Classes from 0, shape (N,), int64.
    """

    images: np.ndarray
    labels: np.ndarray


def check_name(dataset: str) -> None:
    """Check the name of a data set.

    Args:
        dataset (str): Name.

    Raises:
        ValueError: If it is unknown; the message lists those that are known.
    """
    if dataset not in _READERS:
        msg = f"dataset must be one of {', '.join(get_args(ClassificationName))}, got {dataset!r}"
        raise ValueError(msg)


def read_split(root: Path, dataset: ClassificationName, *, train: bool, download: bool = False) -> LabelledImages:
    """Read the training or test split through torchvision.

    Args:
        root (Path): Folder in which torchvision keeps the data set's own folder.
        dataset (Literal["mnist", "cifar10", "fashion_mnist"]): Name.
        train (bool): Training split instead of test split.
        download (bool): Let torchvision download what is missing. Defaults to ``False``.

    Returns:
        LabelledImages: The whole split, in the order of the files.

    Raises:
        FileNotFoundError: If files are missing and are not downloaded; the message names the folder and the files.
        OSError: If the download fails; the message names the folder.
        ValueError: If the name is unknown, or the files cannot be read as what they should be.
    """
    check_name(dataset)
    reader = _READERS[dataset]
    missing = [path for path in _files(root, reader) if not path.is_file()]
    if missing:
        if not download:
            msg = (
                f"no {dataset} in {root}: expected torchvision's files {', '.join(path.name for path in missing)} in "
                f"{missing[0].parent}; give its root as root, or let torchvision download it with download = True"
            )
            raise FileNotFoundError(msg)
        logger.info("Downloading %s to %s", dataset, root)
        _download(root, dataset, train=train)
    try:
        split = reader(root, train=train)
        images, labels = np.asarray(split.data), np.asarray(split.targets, dtype=np.int64)
        if len(images) != len(labels):
            msg = f"{len(images)} images, but {len(labels)} labels"
            raise ValueError(msg)
    # What torchvision raises for a file that is cut off, of another kind, or has another checksum.
    except (AssertionError, KeyError, IndexError, RuntimeError, TypeError, ValueError) as error:
        folder = _files(root, reader)[0].parent
        msg = f"cannot read {dataset} in {folder}: expected torchvision's files of it, undamaged; {error}"
        raise ValueError(msg) from error
    return LabelledImages(images, labels)


def folder_of(root: Path, dataset: str) -> Path:
    """Say where torchvision keeps a data set.

    Args:
        root (Path): Root of all data sets.
        dataset (Literal["mnist", "cifar10", "fashion_mnist"]): Name.

    Returns:
        Path: Folder of its own.
    """
    reader = _READERS[dataset]
    return root / (reader.base_folder if reader is CIFAR10 else reader.__name__)


def _download(root: Path, dataset: str, *, train: bool) -> None:
    try:
        _READERS[dataset](root, train=train, download=True)
    # What torchvision raises if no mirror answers, or what came has another checksum.
    except (OSError, RuntimeError) as error:
        msg = (
            f"cannot download {dataset} to {folder_of(root, dataset)}: {error}; put torchvision's files there by hand, "
            "or try again"
        )
        raise OSError(msg) from error


def _files(root: Path, reader: Any) -> list[Path]:  # noqa: ANN401  # one of torchvision's classes
    if reader is CIFAR10:
        names = [name for name, _ in reader.train_list + reader.test_list]
        return [root / reader.base_folder / name for name in [*names, reader.meta["filename"]]]
    return [root / reader.__name__ / "raw" / Path(name).stem for name, _ in reader.resources]
