# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The data sets of the benchmarks: drawn lace, a folder in the layout of MVTec AD, or a class of MNIST."""

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from anomalib.data import AnomalibDataModule
from anomalib.data.utils import read_image
from torch.nn import functional
from torchvision.transforms.v2 import Transform

from anomalib_scadn import LaceAD, OneClass, SyntheticLace
from anomalib_scadn.data.lacead_dataset import make_lacead_dataset
from anomalib_scadn.data.lacead_masks import read_mask
from anomalib_scadn.data.one_class_dataset import OneClassDataset
from anomalib_scadn.data.one_class_files import folder_of
from provenance import fingerprint as files_fingerprint
from provenance import folder_fingerprint

LACE = "lace"

MNIST = re.compile(r"mnist_([0-9])")
"""Name of a class of MNIST, which is not a folder's."""


@dataclass(frozen=True)
class Sample:
    """A test image."""

    path: Path | None
    name: str
    kind: str
    label: int
    mask_path: Path | None
    source: tuple[OneClassDataset, int] | None = None


def parse_data(text: str) -> tuple[str, Path | None]:
    """Take apart what ``--data`` was given."""
    if text.startswith("mnist:"):
        return _parse_mnist(text)
    drawn = text == LACE or text.startswith(f"{LACE}=")
    name, equals, root = (LACE, "=", text[len(LACE) + 1 :]) if drawn else text.rpartition("=")
    folder = Path(root).expanduser().resolve() if root else None
    if drawn:
        return LACE, folder
    name = name if equals or folder is None else folder.name
    if not re.fullmatch(r"\w[\w.-]*", name) or name == LACE:
        msg = f"--data {text}: the name must be made of letters, digits, '_', '-' and '.', and not be {LACE!r}, which "
        msg += f"is drawn; got {name!r}, expected NAME=ROOT"
        raise ValueError(msg)
    if MNIST.fullmatch(name):
        msg = f"--data {text}: {name} is the name of a class of MNIST; got a folder of that name, expected NAME=ROOT"
        raise ValueError(msg)
    if folder is None or not folder.is_dir():
        msg = f"--data {text}: {folder or 'no folder'} is not there; expected NAME=ROOT with ROOT/train/good, "
        msg += "ROOT/test/<kind> and, for pixel metrics, ROOT/ground_truth/<kind>"
        raise FileNotFoundError(msg)
    make_lacead_dataset(folder)  # refuses what is not in this layout, by the files' names alone
    return name, folder


def _parse_mnist(text: str) -> tuple[str, Path]:
    """Take apart ``mnist:3=ROOT``, and refuse what torchvision's files are not in."""
    number, _, root = text.removeprefix("mnist:").partition("=")
    if not MNIST.fullmatch(f"mnist_{number}") or not root:
        msg = f"--data {text}: expected mnist:CLASS=ROOT with a class from 0 to 9 and the folder of torchvision's MNIST"
        raise ValueError(msg)
    folder = Path(root).expanduser().resolve()
    OneClass(root=folder, normal_class=int(number)).prepare_data()
    return f"mnist_{number}", folder


def make_datamodule(
    name: str,
    root: str | None,
    image_size: int,
    *,
    train_batch_size: int = 32,
    eval_batch_size: int = 32,
    train_augmentations: Transform | None = None,
    train_images: int | None = None,
    test_images: int | None = None,
) -> AnomalibDataModule:
    """Make the data module; every model gets the same images and the same split."""
    shared = {
        "train_batch_size": train_batch_size,
        "eval_batch_size": eval_batch_size,
        "train_augmentations": train_augmentations,
        "num_workers": 0,
    }
    if name == LACE:
        return SyntheticLace(root=root, image_size=image_size, **shared)
    if found := MNIST.fullmatch(name):
        return OneClass(root=root, normal_class=int(found[1]), num_train=train_images, num_test=test_images, **shared)
    folder = Path(root)
    return LaceAD(root=folder.parent, category=folder.name, **shared)


def fingerprint(name: str, root: str | None, image_size: int) -> str:
    """Tell one set of images from another."""
    if name == LACE:
        lace = make_datamodule(name, root, image_size)
        return f"{lace.root.name}, pattern {lace.category}"
    if MNIST.fullmatch(name):
        return files_fingerprint([folder_of(Path(root), "mnist")], Path(root))
    return folder_fingerprint(Path(root))


def drawn_fingerprint(root: str | None, image_size: int) -> str:
    """Tell drawn lace from other images in its place; it is drawn where it is missing."""
    lace = make_datamodule(LACE, root, image_size)
    lace.prepare_data()
    return folder_fingerprint(Path(lace.root) / lace.category)


def list_test_images(datamodule: AnomalibDataModule) -> list[Sample]:
    """List the test images."""
    if isinstance(datamodule, OneClass):
        return _list_one_class(datamodule)
    root = Path(datamodule.root) / datamodule.category
    return [
        Sample(
            Path(row.image_path),
            Path(row.image_path).relative_to(root).as_posix(),
            row.label,
            int(row.label_index),
            Path(row.mask_path) if row.mask_path else None,
        )
        for row in datamodule.test_data.samples.itertuples()
    ]


def _list_one_class(datamodule: OneClass) -> list[Sample]:
    """List images without files; the kind of an anomaly is its class."""
    dataset = datamodule.test_data
    rows = dataset.samples.rename(columns={"class": "number"}).itertuples()
    return [
        Sample(
            path=None,
            name=f"test/{row.number}/{row.position}",
            kind=str(row.number) if row.label_index else "good",
            label=int(row.label_index),
            mask_path=None,
            source=(dataset, int(row.Index)),
        )
        for row in rows
    ]


def read_test_image(sample: Sample) -> torch.Tensor:
    """Read an image as anomalib does."""
    if sample.source is not None:
        dataset, position = sample.source
        return dataset[position].image
    return read_image(sample.path, as_tensor=True)


def read_test_mask(sample: Sample, side: int) -> torch.Tensor:
    """Read a mask at the size that maps are compared at."""
    if sample.mask_path is None:
        return torch.zeros(side, side, dtype=torch.bool)
    mask = torch.from_numpy(read_mask(sample.mask_path)).float()
    return functional.interpolate(mask[None, None], size=(side, side), mode="nearest")[0, 0] > 0
