# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Randomness of training, a function of seed, epoch and process alone.

A run that was killed and resumed then shuffles and masks as an uninterrupted one does, whatever was drawn before.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def initial_weights(seed: int | None) -> Iterator[None]:
    """Draw what is drawn inside, say the initial weights of networks, by a seed of its own.

    Args:
        seed (int | None): Seed; ``None`` draws from torch's global generator.

    Yields:
        None: Afterwards the global generator is as it was, unless ``seed`` is ``None``.
    """
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # the CPU's alone, which the weights are drawn from
        yield
