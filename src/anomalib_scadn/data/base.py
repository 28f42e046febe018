# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What the plugin's data modules have in common.

Differences from anomalib's AnomalibDataModule:
    - ``num_workers`` may be ``None``: the processors this process may use, at most the host's 8.
    - ``val_split_mode="none"`` gives no validation batches; the host raises AttributeError when it looks for them.
"""

import os
from typing import Any

from anomalib.data import AnomalibDataModule
from anomalib.data.utils import ValSplitMode
from lightning.pytorch.utilities.types import EVAL_DATALOADERS

_MAX_DEFAULT_WORKERS = 8


class ScadnDataModule(AnomalibDataModule):
    """Base of the plugin's data modules.

    Args:
        num_workers (int | None): Processes that read images; 0 reads in the main process, ``None`` means the
            processors this process may use, at most 8.
        **arguments (Any): Further arguments of the host's data module.

    Raises:
        ValueError: If ``num_workers`` is negative.
    """

    def __init__(self, num_workers: int | None, **arguments: Any) -> None:  # noqa: ANN401  # the host's arguments
        """Check and store the arguments."""
        super().__init__(num_workers=_count_workers(num_workers), **arguments)

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
