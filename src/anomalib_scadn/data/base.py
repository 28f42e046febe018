# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Base of the data modules: the arguments that all of them have.

Differences from anomalib's AnomalibDataModule:
    - ``num_workers`` may be ``None``: the processors that this process may use, at most anomalib's 8.
    - ``val_split_mode="none"`` gives no validation batches; anomalib raises AttributeError when it looks for them.
"""

import os

from anomalib.data import AnomalibDataModule
from anomalib.data.utils import TestSplitMode, ValSplitMode
from lightning.pytorch.utilities.types import EVAL_DATALOADERS
from torchvision.transforms.v2 import Transform

_MAX_DEFAULT_WORKERS = 8


class ScadnDataModule(AnomalibDataModule):
    """Batches, augmentations and splits of the data modules.

    Args:
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
        ValueError: If ``num_workers`` is negative.
    """

    def __init__(
        self,
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
        """Check and store the arguments."""
        super().__init__(
            train_batch_size=train_batch_size,
            eval_batch_size=eval_batch_size,
            num_workers=_count_workers(num_workers),
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

    def val_dataloader(self) -> EVAL_DATALOADERS:
        """Get the validation batches.

        Returns:
            EVAL_DATALOADERS: One loader, or an empty list for ``val_split_mode="none"``.
        """
        return [] if self.val_split_mode == ValSplitMode.NONE else super().val_dataloader()


def _count_workers(num_workers: int | None) -> int:
    if num_workers is None:
        # A container or a job scheduler may allow fewer processors than the machine has; not every system can tell.
        affinity = getattr(os, "sched_getaffinity", None)
        usable = len(affinity(0)) if affinity else os.cpu_count() or 1
        return min(usable, _MAX_DEFAULT_WORKERS)
    if num_workers < 0:
        msg = f"num_workers must be 0 or more, or None for the processors this process may use, got {num_workers}"
        raise ValueError(msg)
    return num_workers
