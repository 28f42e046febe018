# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One-class MNIST and CIFAR-10 (SCADN, Table 5): normal is one class, anomalous is every other.

The files are torchvision's, and so is the download, which happens only if it is asked for. Images have no files of
their own: anomalib's pictures, which show files, are not drawn (:class:`~anomalib_scadn.ScadnVisualizer` draws the
paper's figures); give other models ``visualizer: false``.
"""

from pathlib import Path
from typing import Any

from anomalib.data.utils import Split, TestSplitMode, ValSplitMode
from anomalib.utils.path import resolve_dataset_root

from anomalib_scadn.checks import check_count

from .base import ScadnDataModule
from .one_class_dataset import OneClassDataset, category_name, check_class
from .one_class_files import ClassificationName, check_name, read_split


class OneClass(ScadnDataModule):
    """Training images of one class, the whole official test split.

    Fewer images may be taken of both. Images keep their size (28 x 28 or 32 x 32), the model resizes them:
    ``Scadn(image_size=32)`` is the paper's.

    Args:
        root (Path | str | None): Folder in which torchvision keeps the data set's own folder. ``None`` means
            ``torchvision`` in anomalib's own data set folder. Defaults to ``"./datasets"``.
        dataset (Literal["mnist", "cifar10", "fashion_mnist"]): Name; the paper uses the first two. Defaults to
            ``"mnist"``.
        normal_class (int): The normal class, from 0 to 9. Defaults to ``0``.
        download (bool): Let torchvision download the data set if it is missing. Defaults to ``False``.
        num_train (int | None): Training images, the first of the class. Defaults to ``None``, all.
        num_test (int | None): Test images, the first of the official split. Defaults to ``None``, all 10,000.
        train_batch_size (int): Images per training batch. Defaults to ``512``, the paper's.
        eval_batch_size (int): Images per validation and test batch. Defaults to ``512``.
        **options (Any): Batch sizes, augmentations and splits; see
            :class:`~anomalib_scadn.data.base.ScadnDataModule`.

    Raises:
        ValueError: If an argument is impossible, or ``val_split_mode`` needs image files (``"from_dir"``,
            ``"synthetic"``).

    Example:
        >>> OneClass(root="./datasets", dataset="cifar10", normal_class=3).category
        'cifar10_3'
    """

    def __init__(
        self,
        root: Path | str | None = "./datasets",
        dataset: ClassificationName = "mnist",
        normal_class: int = 0,
        download: bool = False,  # the command line gives it by name
        num_train: int | None = None,
        num_test: int | None = None,
        train_batch_size: int = 512,
        eval_batch_size: int = 512,
        **options: Any,  # noqa: ANN401  # arguments of ScadnDataModule
    ) -> None:
        """Check and store the arguments; no file is looked at yet."""
        super().__init__(
            train_batch_size=train_batch_size,
            eval_batch_size=eval_batch_size,
            test_split_mode=TestSplitMode.FROM_DIR,  # the official test split
            **options,
        )
        check_name(dataset)
        check_class(normal_class)
        check_count(1, num_train=num_train, num_test=num_test)
        if self.val_split_mode in {ValSplitMode.FROM_DIR, ValSplitMode.SYNTHETIC}:
            msg = (
                f"val_split_mode must be same_as_test, from_train, from_test or none, got {self.val_split_mode.value}, "
                "which needs image files"
            )
            raise ValueError(msg)
        self._root = None if root is None else Path(root).expanduser()
        self.dataset: ClassificationName = dataset
        self.normal_class = normal_class
        self.download = download
        self.num_train, self.num_test = num_train, num_test
        self.category = category_name(dataset, normal_class)

    @property
    def root(self) -> Path:
        """Folder in which torchvision keeps the data set's own folder.

        Returns:
            Path: It need not exist.
        """
        return resolve_dataset_root(self._root, "torchvision")

    def prepare_data(self) -> None:
        """Check the files, or download them if that was asked for.

        Raises:
            FileNotFoundError: If the data set is not there and is not downloaded.
            ValueError: If it cannot be read.
        """
        read_split(self.root, self.dataset, train=False, download=self.download)

    def _setup(self, _stage: str | None = None) -> None:
        # Both at every stage, because anomalib may take validation images from either.
        self.train_data, self.test_data = (
            OneClassDataset(self.root, self.dataset, self.normal_class, split=split, num_images=count)
            for split, count in ((Split.TRAIN, self.num_train), (Split.TEST, self.num_test))
        )
