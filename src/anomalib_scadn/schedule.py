# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""How learning rates fall while a model trains; not in the paper, whose rates stay.

Half a cosine from the full rate to none (Loshchilov and Hutter 2017): the last steps are small, so the generator ends
settled, as a moving average of its weights is, but training must know when it ends.
"""

import math
from collections.abc import Sequence
from typing import Literal, get_args

from lightning.pytorch import Trainer
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

Schedule = Literal["constant", "cosine"]


def check_schedule(schedule: str) -> None:
    """Check the name of a schedule.

    Args:
        schedule (str): The name.

    Raises:
        ValueError: If there is none of that name.
    """
    if schedule not in get_args(Schedule):
        msg = f"learning_rate_schedule must be 'constant' or 'cosine', got {schedule!r}"
        raise ValueError(msg)


def cosine_schedules(trainer: Trainer, optimizers: Sequence[Optimizer]) -> list[LambdaLR]:
    """Make the schedules of a training, to be stepped once a batch.

    Args:
        trainer (Trainer): The run.
        optimizers (Sequence[Optimizer]): All optimizers of the model.

    Returns:
        list[LambdaLR]: One for each optimizer.

    Raises:
        ValueError: If the trainer does not know when it ends.
    """
    if trainer.max_steps == -1 and trainer.max_epochs in {None, -1}:
        msg = (
            "learning_rate_schedule='cosine' must know when training ends, got "
            f"max_epochs={trainer.max_epochs} and max_steps={trainer.max_steps}; give the trainer one of them"
        )
        raise ValueError(msg)

    def share(batch: int) -> float:
        # The first is asked for before there are data. To ask Lightning to load them would start their shuffling
        # before the first epoch is seeded.
        done = batch / _training_batches(trainer, len(optimizers)) if batch else 0.0
        return (1 + math.cos(math.pi * min(done, 1.0))) / 2

    # What a function closes over is not saved: a resumed run falls to the end that it has now.
    return [LambdaLR(optimizer, share) for optimizer in optimizers]


def _training_batches(trainer: Trainer, optimizers: int) -> float:
    """Count the batches that a training takes; Lightning counts a step of each optimizer towards ``max_steps``."""
    steps = math.inf if trainer.max_steps == -1 else trainer.max_steps / optimizers
    epochs = math.inf if trainer.max_epochs in {None, -1} else trainer.max_epochs
    return min(steps, trainer.num_training_batches * epochs)
