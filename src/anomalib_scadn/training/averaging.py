# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A moving average of the weights; not in the paper. The average is validated, saved and used in inference.

A GAN's weights do not settle, so how well a generator paints depends on the step at which training ends. The average
over the last steps hardly does (Yazici et al. 2019).
"""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.trainer.states import TrainerFn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from .reference import ReferenceValues


class AveragedWeights(WeightAveraging):
    """Lightning's average of weights, exponential and moving, with reference values (mu_i) that belong to it.

    Args:
        decay (float): Share of the average that each step keeps, range (0, 1).
        reference (ReferenceValues): Computes the model's reference values, if they do not belong to its weights.
    """

    def __init__(self, decay: float, reference: ReferenceValues) -> None:
        # Of Lightning's own exponential average the weights that never train would slowly drift: decay * w +
        # (1 - decay) * w is not w in single precision. This one adds (1 - decay) * (w - average).
        super().__init__(use_buffers=False, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self._reference = reference

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Move the average to where the model is by now: Lightning makes it before that.

        Args:
            trainer (Trainer): The run.
            pl_module (LightningModule): The model.
        """
        super().on_fit_start(trainer, pl_module)
        if self._average_model is not None:
            self._average_model.to(pl_module.device)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the averaged weights in the model, and forget them here.

        The reference values that the model then computes would not be among them, and be lost with the next checkpoint.

        Args:
            trainer (Trainer): The run.
            pl_module (LightningModule): The model.
        """
        super().on_train_end(trainer, pl_module)
        self._average_model = None

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the averaged weights out again; what validation has learned stays.

        Reference values, limits and thresholds are buffers, and no averages.

        Args:
            trainer (Trainer): The run.
            pl_module (LightningModule): The model, with averaged weights.
        """
        learned = [buffer.clone() for buffer in pl_module.buffers()]
        super().on_validation_epoch_end(trainer, pl_module)
        for buffer, value in zip(pl_module.buffers(), learned, strict=True):
            buffer.copy_(value)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Put the averaged weights into a checkpoint, and reference values of theirs.

        Args:
            trainer (Trainer): The run.
            pl_module (LightningModule): The model, with weights that are not averaged.
            checkpoint (dict[str, Any]): Checkpoint about to be saved.
        """
        # Between validations the values are old. These two put the averaged weights in place, and back.
        self.on_validation_epoch_start(trainer, pl_module)
        self._reference.refresh(trainer, pl_module)
        self.on_validation_epoch_end(trainer, pl_module)
        super().on_save_checkpoint(trainer, pl_module, checkpoint)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Take over both sets of weights to train on; whatever else a checkpoint is loaded for needs the average alone.

        Args:
            trainer (Trainer): The run.
            pl_module (LightningModule): The model; it has the averaged weights already.
            checkpoint (dict[str, Any]): The loaded checkpoint.
        """
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)


def check_average(checkpoint: Mapping[str, Any], decay: float) -> None:
    """Refuse to train on from an average without the average: the optimizers' state belongs to other weights.

    Args:
        checkpoint (Mapping[str, Any]): Checkpoint about to be loaded.
        decay (float): The run's own decay, 0 for no average.

    Raises:
        ValueError: If the checkpoint's run kept an average, and this one does not; the message names the argument.
    """
    if not decay and "current_model_state" in checkpoint:
        kept = checkpoint.get("hyper_parameters", {}).get("ema_decay")
        msg = f"the checkpoint's run kept a moving average of its weights; give --model.ema_decay {kept} to go on"
        raise ValueError(msg)
