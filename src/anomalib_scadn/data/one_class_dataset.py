# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One class of a classification data set as normal images, all others as anomalies (SCADN, Table 5).

The protocol is that of OCGAN (Perera, Nallapati and Xiang, CVPR 2019): the training images of one class, the whole
official test split.

Differences from anomalib's data sets:
    - Images come from memory: there are tens of thousands in a few files. So an item has no ``image_path``, and
      ``samples`` says where in the split an image lies and what class it is of.
"""

from pathlib import Path

import numpy as np
import torch
from anomalib import TaskType
from anomalib.data import AnomalibDataset, ImageItem
from anomalib.data.utils import LabelName, Split
from pandas import DataFrame
from torchvision.transforms.v2 import Transform
from torchvision.transforms.v2.functional import to_dtype, to_image

from anomalib_scadn.checks import check_count

from .one_class_files import CLASSES, ClassificationName, read_split


class OneClassDataset(AnomalibDataset):
    """Training images of one class, or all test images.

    Args:
        root (Path | str): Folder in which torchvision keeps the data set's own folder. Defaults to ``"./datasets"``.
        dataset (Literal["mnist", "cifar10", "fashion_mnist"]): Name. Defaults to ``"mnist"``.
        normal_class (int): The normal class, from 0 to 9. Defaults to ``0``.
        augmentations (Transform | None): Applied to an image when it is read. Defaults to ``None``.
        split (Split | str): ``"train"`` or ``"test"``. Defaults to ``"train"``.
        num_images (int | None): Images to take: the first of the class in training, the first of the split in test.
            Defaults to ``None``, all.

    Raises:
        FileNotFoundError: If the data set is not there.
        ValueError: If an argument is impossible, the data set cannot be read or has no such training image.

    Example:
        >>> from pathlib import Path
        >>> raw = Path("MNIST/raw")
        >>> raw.mkdir(parents=True)
        >>> for split in ("train", "t10k"):  # two black images, a three and a seven
        ...     header = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28])
        ...     _ = (raw / f"{split}-images-idx3-ubyte").write_bytes(header + bytes(2 * 28 * 28))
        ...     _ = (raw / f"{split}-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 3, 7]))
        >>> len(OneClassDataset(".", "mnist", normal_class=3))
        1
    """

    def __init__(
        self,
        root: Path | str = "./datasets",
        dataset: ClassificationName = "mnist",
        normal_class: int = 0,
        augmentations: Transform | None = None,
        split: Split | str = Split.TRAIN,
        num_images: int | None = None,
    ) -> None:
        """Read the split."""
        super().__init__(augmentations=augmentations)
        check_class(normal_class)
        check_count(1, num_images=num_images)
        if split not in {Split.TRAIN.value, Split.TEST.value}:
            msg = f"split must be 'train' or 'test', got {split!r}"
            raise ValueError(msg)
        self.category = category_name(dataset, normal_class)
        self.split = Split(split)
        train = self.split == Split.TRAIN
        images, classes = read_split(Path(root), dataset, train=train)
        if train:
            images, classes = images[classes == normal_class], classes[classes == normal_class]
            if len(images) == 0:
                msg = f"{dataset} in {root} has no training image of class {normal_class}"
                raise ValueError(msg)
        self.images, classes = images[:num_images], classes[:num_images]
        self.samples = _list_samples(classes, normal_class, self.split)

    @property
    def samples(self) -> DataFrame:
        """Samples: columns position (in ``images``), class, label_index, split and an empty image_path.

        Anomalib's setter would look for the files, and sort by their names.
        """
        return super().samples

    @samples.setter
    def samples(self, samples: DataFrame) -> None:
        self._samples = samples.reset_index(drop=True)

    def __getitem__(self, index: int) -> ImageItem:
        """Take one image.

        Args:
            index (int): Position in ``samples``.

        Returns:
            ImageItem: Image of shape (3, H, W), float32, range [0, 1], grey ones with three equal channels; the
                label, 0 = normal, 1 = anomalous. No mask and no path.
        """
        pixels = self.images[self.samples.at[index, "position"]]
        if pixels.ndim == 2:
            pixels = np.stack([pixels] * 3, axis=-1)
        image = to_dtype(to_image(pixels), torch.float32, scale=True)
        if self.augmentations is not None:
            image = self.augmentations(image)
        return ImageItem(image=image, gt_label=torch.tensor(int(self.samples.at[index, "label_index"])))


def check_class(normal_class: int) -> None:
    """Check the number of a class.

    Args:
        normal_class (int): Number.

    Raises:
        ValueError: If it is no whole number from 0 to 9.
    """
    if type(normal_class) is not int or not 0 <= normal_class < CLASSES:
        msg = f"normal_class must be a whole number from 0 to {CLASSES - 1}, got {normal_class!r}"
        raise ValueError(msg)


def category_name(dataset: str, normal_class: int) -> str:
    """Name what takes the place of a category, e.g. in the folder of results.

    Args:
        dataset (str): Name of the data set.
        normal_class (int): The normal class.

    Returns:
        str: For example ``"mnist_3"``.
    """
    return f"{dataset}_{normal_class}"


def _list_samples(classes: np.ndarray, normal_class: int, split: Split) -> DataFrame:
    labels = np.where(classes == normal_class, LabelName.NORMAL, LabelName.ABNORMAL)
    columns = {"position": np.arange(len(classes)), "class": classes, "label_index": labels.astype(int)}
    samples = DataFrame(columns | {"split": split.value, "image_path": ""})
    samples.attrs["task"] = TaskType.CLASSIFICATION.value
    return samples
