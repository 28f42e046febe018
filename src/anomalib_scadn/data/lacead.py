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
from typing import Any

from anomalib.data.utils import Split, ValSplitMode
from anomalib.utils.path import resolve_dataset_root

from .base import ScadnDataModule
from .image_reading import check_bit_depth
from .lacead_dataset import LaceADDataset, check_mask_sizes, make_lacead_dataset
from .lacead_files import find_pattern


class LaceAD(ScadnDataModule):
    """Lace images of one pattern, for training, validation and test.

    Args:
        root (Path | str | None): Root of the data set, a folder with one sub-folder per pattern. ``None`` means
            anomalib's own data set folder. Defaults to ``"./datasets/LaceAD"``.
        category (str | int): Pattern, the name of a folder in ``root``. Defaults to ``"1"``.
        bit_depth (int | None): Bits of values that are stored in 16, 8 to 16, say 12 of many cameras. Defaults to
            ``None``, all 16.
        **options (Any): Batch sizes, augmentations and splits; see
            :class:`~anomalib_scadn.data.base.ScadnDataModule`.

    Raises:
        ValueError: If ``num_workers`` is negative, the bit depth is impossible, or ``val_split_mode`` is
            ``"from_dir"`` (the layout has no validation folder).

    Example:
        >>> from anomalib_scadn import SyntheticLace
        >>> drawn = SyntheticLace(root="lace", image_size=32, num_train=2, num_test_good=1, num_test_defect=1)
        >>> drawn.prepare_data()
        >>> datamodule = LaceAD(root=drawn.root, category=1, num_workers=0)
        >>> datamodule.setup()
        >>> len(datamodule.train_data), len(datamodule.test_data)
        (2, 6)
    """

    def __init__(
        self,
        root: Path | str | None = "./datasets/LaceAD",
        category: str | int = "1",
        *,
        bit_depth: int | None = None,
        **options: Any,  # noqa: ANN401  # arguments of ScadnDataModule
    ) -> None:
        """Check and store the arguments; no file is looked at yet."""
        super().__init__(**options)
        if self.val_split_mode == ValSplitMode.FROM_DIR:
            msg = "val_split_mode must not be 'from_dir': a LaceAD folder has train and test, but no validation images"
            raise ValueError(msg)
        check_bit_depth(bit_depth)
        self.bit_depth = bit_depth
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
        # Both at every stage, because anomalib may take validation images from either.
        self.train_data = LaceADDataset(self.root, self.category, split=Split.TRAIN, bit_depth=self.bit_depth)
        self.test_data = LaceADDataset(self.root, self.category, split=Split.TEST, bit_depth=self.bit_depth)
