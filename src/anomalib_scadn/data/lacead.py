# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""LaceAD data module (SCADN, AAAI 2021, "LaceAD": 9,176 images of 512 x 512 pixels from 17 lace patterns).

The authors publish no link to the data, so nothing is downloaded: the folder is checked, and an error says what is
missing. Any folder in the layout of MVTec AD works.

Differences from anomalib's MVTecAD:
    - Pattern folders are whatever lies in the root; their names may be numbers.
    - Those of :class:`~anomalib_scadn.data.base.ScadnDataModule`.
"""

from pathlib import Path

from anomalib.data.utils import Split, TestSplitMode, ValSplitMode
from anomalib.utils.path import resolve_dataset_root
from torchvision.transforms.v2 import Transform

from anomalib_scadn.data.base import ScadnDataModule
from anomalib_scadn.data.lacead_dataset import LaceADDataset, check_mask_sizes, make_lacead_dataset
from anomalib_scadn.data.lacead_files import find_pattern


class LaceAD(ScadnDataModule):
    """Lace images of one pattern, for training, validation and test.

    Args:
        root (Path | str | None): Root of the data set, a folder with one sub-folder per pattern. ``None`` means
            anomalib's own data set folder. Defaults to ``"./datasets/LaceAD"``.
        category (str | int): Pattern, the name of a folder in ``root``. Defaults to ``"1"``.
        train_batch_size (int): Images per training batch. Defaults to ``4``.
        eval_batch_size (int): Images per validation and test batch. Defaults to ``4``.
        num_workers (int | None): Processes that read images; 0 reads in the main process, ``None`` means the
            processors this process may use, at most 8. Defaults to ``None``.
        train_augmentations (Transform | None): Applied to training images. Defaults to ``None``.
        val_augmentations (Transform | None): Applied to validation images. Defaults to ``None``.
        test_augmentations (Transform | None): Applied to test images. Defaults to ``None``.
        augmentations (Transform | None): Applied where none of the three above is given. Defaults to ``None``.
        test_split_mode (TestSplitMode | str): Where the test set comes from. Defaults to ``"from_dir"``.
        test_split_ratio (float): Share of the training images that is tested on if ``test/good`` has none, range
            (0, 1). Defaults to ``0.2``.
        val_split_mode (ValSplitMode | str): Where the validation set comes from; ``"none"`` means that there is none.
            Defaults to ``"same_as_test"``.
        val_split_ratio (float): Share taken for validation by the modes that split, range (0, 1).
            Defaults to ``0.5``.
        seed (int | None): Seed of the splits. Defaults to ``None``.

    Raises:
        ValueError: If ``num_workers`` is negative, or ``val_split_mode`` is ``"from_dir"`` (the layout has no
            validation folder).

    Example:
        >>> datamodule = LaceAD(root="./datasets/LaceAD", category=3)
        >>> datamodule.category
        '3'
    """

    def __init__(
        self,
        root: Path | str | None = "./datasets/LaceAD",
        category: str | int = "1",
        train_batch_size: int = 4,
        eval_batch_size: int = 4,
        num_workers: int | None = None,
        train_augmentations: Transform | None = None,
        val_augmentations: Transform | None = None,
        test_augmentations: Transform | None = None,
        augmentations: Transform | None = None,
        test_split_mode: TestSplitMode | str = TestSplitMode.FROM_DIR,
        test_split_ratio: float = 0.2,
        val_split_mode: ValSplitMode | str = ValSplitMode.SAME_AS_TEST,
        val_split_ratio: float = 0.5,
        seed: int | None = None,
    ) -> None:
        """Check and store the arguments; no file is looked at yet."""
        super().__init__(
            train_batch_size=train_batch_size,
            eval_batch_size=eval_batch_size,
            num_workers=num_workers,
            train_augmentations=train_augmentations,
            val_augmentations=val_augmentations,
            test_augmentations=test_augmentations,
            augmentations=augmentations,
            test_split_mode=test_split_mode,
            test_split_ratio=test_split_ratio,
            val_split_mode=val_split_mode,
            val_split_ratio=val_split_ratio,
            seed=seed,
        )
        if self.val_split_mode == ValSplitMode.FROM_DIR:
            msg = "val_split_mode must not be 'from_dir': a LaceAD folder has train and test, but no validation images"
            raise ValueError(msg)
        self._root = None if root is None else Path(root).expanduser()
        self.category = str(category)

    @property
    def root(self) -> Path:
        """Root of the data set.

        Returns:
            Path: Folder with one sub-folder per pattern; it need not exist.
        """
        return resolve_dataset_root(self._root, "LaceAD")

    def prepare_data(self) -> None:
        """Check the folder of the pattern; nothing is downloaded or written.

        Raises:
            FileNotFoundError: If the root, the pattern's images or their folders are missing.
            ValueError: If the pattern is unknown, or its files do not fit together (see
                :func:`anomalib_scadn.data.lacead_dataset.make_lacead_dataset`).
        """
        check_mask_sizes(make_lacead_dataset(find_pattern(self.root, self.category)))

    def _setup(self, _stage: str | None = None) -> None:
        # Both at every stage, because the host may take validation images from either.
        self.train_data = LaceADDataset(self.root, self.category, split=Split.TRAIN)
        self.test_data = LaceADDataset(self.root, self.category, split=Split.TEST)
