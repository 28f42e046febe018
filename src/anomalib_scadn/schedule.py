# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""How learning rates fall while a model trains; not in the paper, whose rates stay.

Half a cosine from the full rate to none (Loshchilov and Hutter 2017): the last steps are small, so the generator ends
settled, as a moving average of its weights is, but training must know when it ends.

A scheduler of torch counts its own steps and keeps them in checkpoints, so a resumed run would end where the first one
was to end. Here a rate follows from where the run stands, whatever it was before.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from lightning.pytorch import Trainer
from torch.optim import Optimizer

Schedule = Literal["constant", "cosine"]

FULL_RATE = "full_rate"
"""Where an optimizer's group keeps the rate that its own fell from."""


def check_schedule(schedule: str) -> None:
    """Check the name of a schedule.

    Args:
        schedule (str): The name.

    Raises:
        ValueError: If there is none of that name.
    """
    if schedule not in get_args(Schedule):
        msg = f"learning_rate_schedule must be one of {', '.join(map(repr, get_args(Schedule)))}, got {schedule!r}"
        raise ValueError(msg)


def training_progress(trainer: Trainer, batch_idx: int) -> float:
    """Share of the training that is done before a batch.

    Args:
        trainer (Trainer): The run.
        batch_idx (int): Index of the batch in the epoch.

    Returns:
        float: In [0, 1], by the limit that ends the run first, epochs or steps.

    Raises:
        ValueError: If the trainer does not know when it ends.
    """
    shares = []
    epochs = math.inf if trainer.max_epochs in {None, -1} else trainer.max_epochs
    batches = trainer.num_training_batches  # infinite if the data have no length
    if math.isfinite(epochs * batches):
        shares.append((trainer.current_epoch * batches + batch_idx) / (epochs * batches))
    if trainer.max_steps != -1:
        shares.append(trainer.global_step / trainer.max_steps)
    if not shares:
        msg = (
            "learning_rate_schedule='cosine' must know when training ends, got "
            f"max_epochs={trainer.max_epochs} of {batches} batches each and max_steps={trainer.max_steps}; "
            "give the trainer one of them, and data without a length max_steps"
        )
        raise ValueError(msg)
    return min(max(shares), 1.0)


def lower_rates(optimizers: Iterable[Optimizer], progress: float) -> None:
    """Set learning rates to where half a cosine is.

    Args:
        optimizers (Iterable[Optimizer]): All optimizers of the run.
        progress (float): What :func:`training_progress` gives, range [0, 1].
    """
    for group in _groups(optimizers):
        full = group.setdefault(FULL_RATE, group["lr"])
        group["lr"] = full * (1 + math.cos(math.pi * progress)) / 2


def restore_rates(optimizers: Iterable[Optimizer]) -> None:
    """Set learning rates that fell in an earlier run, and came with its checkpoint, back to what they fell from.

    Args:
        optimizers (Iterable[Optimizer]): All optimizers of the run.
    """
    for group in _groups(optimizers):
        group["lr"] = group.pop(FULL_RATE, group["lr"])


def _groups(optimizers: Iterable[Optimizer]) -> Iterator[dict[str, Any]]:
    return (group for optimizer in optimizers for group in optimizer.param_groups)
