# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Seeds of an epoch, made of the run's seed, so that a resumed run draws the same numbers."""

import random

import numpy as np
import torch


def start_epoch(seed: int, epoch: int, rank: int = 0) -> torch.Generator:
    """Seed everything for an epoch: Python's, NumPy's and torch's global generators, and one for masks or noise.

    Args:
        seed (int): Seed of the run.
        epoch (int): Epoch, from 0.
        rank (int): Process, from 0; shuffling is the same in all processes, masks and noise differ. Defaults to ``0``.

    Returns:
        torch.Generator: Generator that the masks or the noise of the epoch are drawn from.
    """
    shared, own = (
        int(np.random.SeedSequence([seed, epoch, *extra]).generate_state(1)[0]) for extra in ((), (rank + 1,))
    )
    random.seed(shared)
    np.random.seed(shared)  # noqa: NPY002  # what augmentations of other libraries draw from
    torch.manual_seed(shared)  # seeds the data loaders' workers, too
    return torch.Generator().manual_seed(own)
