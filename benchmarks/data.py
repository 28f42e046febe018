# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The data sets of the benchmarks: drawn lace, a folder in the layout of MVTec AD, or a class of MNIST."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from anomalib.data import AnomalibDataModule, AnomalibDataset
from torch.nn import functional

from anomalib_scadn import LaceAD, OneClass, SyntheticLace
from anomalib_scadn.data.lacead_dataset import make_lacead_dataset
from anomalib_scadn.data.one_class_files import folder_of
from provenance import fingerprint as files_fingerprint
from provenance import folder_fingerprint

LACE = "lace"

MNIST = re.compile(r"mnist_([0-9])")
"""Name of a class of MNIST, which is not a folder's."""


@dataclass(frozen=True)
class Sample:
    """A test image: its file, if it has one, what it is called, and where in a data set it is."""

    path: Path | None
    name: str
    kind: str
    label: int
    source: tuple[AnomalibDataset, int]


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
    root: str | Path | None,
    image_size: int,
    *,
    train_images: int | None = None,
    test_images: int | None = None,
    **options: Any,  # noqa: ANN401  # batch sizes and augmentations
) -> AnomalibDataModule:
    """Make the data module; every model gets the same images and the same split."""
    shared = {"train_batch_size": 32, "eval_batch_size": 32, "num_workers": 0, **options}
    if name == LACE:
        return SyntheticLace(root=root, image_size=image_size, **shared)
    if found := MNIST.fullmatch(name):
        return OneClass(root=root, normal_class=int(found[1]), num_train=train_images, num_test=test_images, **shared)
    folder = Path(root)
    return LaceAD(root=folder.parent, category=folder.name, **shared)


def fingerprint(name: str, root: str | Path | None, image_size: int) -> str:
    """Tell one set of images from another."""
    if name == LACE:
        lace = make_datamodule(name, root, image_size)
        return f"{lace.root.name}, pattern {lace.category}"
    if MNIST.fullmatch(name):
        return files_fingerprint([folder_of(Path(root), "mnist")], Path(root))
    return folder_fingerprint(Path(root))


def drawn_fingerprint(root: str | Path | None, image_size: int) -> str:
    """Tell drawn lace from other images in its place; it is drawn where it is missing."""
    lace = make_datamodule(LACE, root, image_size)
    lace.prepare_data()
    return folder_fingerprint(Path(lace.root) / lace.category)


def list_test_images(datamodule: AnomalibDataModule) -> list[Sample]:
    """List the test images; the kind of an anomaly of MNIST, which has no files, is its class."""
    dataset, samples = datamodule.test_data, []
    for position, row in enumerate(dataset.samples.to_dict("records")):
        if isinstance(datamodule, OneClass):
            path, name = None, f"test/{row['class']}/{row['position']}"
            kind = str(row["class"]) if row["label_index"] else "good"
        else:
            path, kind = Path(row["image_path"]), row["label"]
            name = path.relative_to(Path(datamodule.root) / datamodule.category).as_posix()
        samples.append(Sample(path, name, kind, int(row["label_index"]), (dataset, position)))
    return samples


def read_test_image(sample: Sample) -> torch.Tensor:
    """Read an image as anomalib does."""
    dataset, position = sample.source
    return dataset[position].image


def read_test_mask(sample: Sample, side: int) -> torch.Tensor:
    """Read a mask at the size that maps are compared at."""
    dataset, position = sample.source
    return reduce_mask(dataset[position].gt_mask, side)


def reduce_mask(mask: torch.Tensor | None, side: int) -> torch.Tensor:
    """Resize a mask to the nearest pixel; without one nothing is anomalous."""
    if mask is None:
        return torch.zeros(side, side, dtype=torch.bool)
    return functional.interpolate(mask[None, None].float(), size=(side, side), mode="nearest")[0, 0] > 0
