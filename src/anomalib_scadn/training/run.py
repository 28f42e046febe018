# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Training that can be repeated and resumed, that ends by itself, and that stops before a loss is not finite."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import Any

import torch
from anomalib import LearningType
from anomalib.data import Batch
from anomalib.post_processing import PostProcessor
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import LearningRateFinder, Timer
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from torch import nn
from torch.nn.modules.module import _IncompatibleKeys

from anomalib_scadn.loss import check_finite

from .checkpoints import check_fit, keep_arguments, named_as, plain_names
from .inputs import check_range
from .seeds import start_epoch
from .thresholds import warn_if_never_validated

logger = logging.getLogger(__name__)

SEED_KEY = "scadn_seed"
"""Key of a run's seed in its checkpoints, so that a resumed run draws the same numbers."""

WEIGHTS = {"state_dict", "current_model_state"}
"""Keys of weights in a checkpoint: the model's, and beside an average those that it is the average of."""


class TrainingRun(LightningModule):
    """The run that all models of this package share: seeds, epochs, updates, refusals, and the scoring of a batch."""

    model: nn.Module
    post_processor: PostProcessor | None
    seed: int | None
    max_epochs: int
    # What a run sets; callbacks that try steps out, as Lightning's tuners do, come before that.
    _seeded_epoch: int | None = None
    _resumed_epoch = 0

    @property
    def trainer(self) -> Trainer:
        """The trainer of the current run."""
        return LightningModule.trainer.fget(self)

    @trainer.setter
    def trainer(self, trainer: Trainer | None) -> None:
        """Attach a trainer, and give it the paper's number of epochs if it has no limit of its own.

        Lightning would train 1000 epochs. ``trainer_arguments`` cannot say so: it overrules the user's choice.

        Several processes must be told that the loss of one network does not reach the other. They are, unless the user
        has said otherwise: nobody needs to know ``ddp_find_unused_parameters_true``.
        """
        LightningModule.trainer.fset(self, trainer)
        if trainer is not None and isinstance(trainer.strategy, DDPStrategy):
            trainer.strategy._ddp_kwargs.setdefault("find_unused_parameters", True)
        if trainer is None or trainer.max_epochs is not None or trainer.max_steps != -1:
            return
        if not any(isinstance(callback, Timer) for callback in trainer.callbacks):
            trainer.fit_loop.max_epochs = self.max_epochs

    @property
    def trainer_arguments(self) -> dict[str, Any]:
        """Trainer arguments: no sanity check, whose scores would have no reference values."""
        return {"num_sanity_val_steps": 0}

    @property
    def learning_type(self) -> LearningType:
        """All models here learn from normal images only."""
        return LearningType.ONE_CLASS

    def validation_step(self, batch: Batch, batch_idx: int) -> Batch:
        """Score a batch.

        Args:
            batch (Batch): Images, range [0, 1].
            batch_idx (int): Index of the batch.

        Returns:
            Batch: The batch with ``pred_score`` and, if the model has maps, ``anomaly_map``.

        Raises:
            ValueError: If the first batch's images lie outside [0, 1].
        """
        if batch_idx == 0:
            check_range(batch.image)
        return batch.update(**self.model(batch.image)._asdict())

    def test_step(self, batch: Batch, batch_idx: int, *_: Any, **__: Any) -> Batch:  # noqa: ANN401  # anomalib's
        """Score a batch. See :meth:`validation_step`."""
        return self.validation_step(batch, batch_idx)

    def predict_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> Batch:
        """Score a batch. See :meth:`validation_step`."""
        del dataloader_idx
        return self.validation_step(batch, batch_idx)

    def setup(self, stage: str) -> None:
        """Refuse a callback that would look for a learning rate and find none: it steps Lightning's optimizer alone.

        Raises:
            MisconfigurationException: If the trainer has a ``LearningRateFinder``.
        """
        super().setup(stage)
        if any(isinstance(callback, LearningRateFinder) for callback in self.trainer.callbacks):
            msg = f"LearningRateFinder needs automatic optimization, {type(self).__name__} steps its own optimizers"
            raise MisconfigurationException(msg)

    def on_fit_start(self) -> None:
        """Seed the first epoch of this run: its data loader starts before ``on_train_epoch_start``.

        Warn if training will end before the first validation, after which weights are saved.
        """
        super().on_fit_start()
        steps, interval = self.trainer.max_steps, getattr(self.trainer, "val_check_interval", None)  # none if timed
        counted = self.trainer.check_val_every_n_epoch is None and isinstance(interval, int)
        if counted and 0 < steps < interval and self.trainer.is_global_zero:
            logger.warning("max_steps %d ends training before val_check_interval %d: no checkpoint", steps, interval)
        if self.seed is None:
            self.seed = self.trainer.strategy.broadcast(torch.initial_seed() % 2**32)
        self._start_epoch(self._resumed_epoch if self.trainer.ckpt_path else self.current_epoch)

    def on_train_epoch_start(self) -> None:
        """Seed every further epoch."""
        if self.current_epoch != self._seeded_epoch:
            self._start_epoch(self.current_epoch)

    @cached_property
    def _epoch_generator(self) -> torch.Generator:
        """What masks, anomalies and noise are drawn from; each epoch brings its own."""
        return start_epoch(self.seed or 0, self.current_epoch, self.global_rank)

    def _start_epoch(self, epoch: int) -> None:
        self._epoch_generator = start_epoch(self.seed or 0, epoch, self.global_rank)
        self._seeded_epoch = epoch

    def on_fit_end(self) -> None:
        """Say where the weights are, and what is missing because there was no validation."""
        super().on_fit_end()
        if not self.trainer.is_global_zero:
            return
        path = getattr(self.trainer.checkpoint_callback, "best_model_path", "")
        if path:
            logger.info("Weights are in %s", path)
        elif self.trainer.checkpoint_callback is not None and not self.trainer.fast_dev_run:
            logger.warning(
                "No checkpoint was written: training ended before its first validation. Make val_check_interval or "
                "check_val_every_n_epoch of the trainer a divisor of the training's length."
            )
            return
        warn_if_never_validated(self.post_processor)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the seed with the weights, and what they belong to."""
        super().on_save_checkpoint(checkpoint)
        for name in WEIGHTS & checkpoint.keys():
            checkpoint[name] = plain_names(checkpoint[name])
        checkpoint[SEED_KEY] = self.seed
        keep_arguments(checkpoint, self.hparams)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take over the seed, unless the user has chosen one, and the epoch that training would resume at."""
        super().on_load_checkpoint(checkpoint)
        for group in chain.from_iterable(state["param_groups"] for state in checkpoint.get("optimizer_states", [])):
            group["fused"] = True  # an older version's Adam was not, and loading takes over that it was not
        for name in WEIGHTS & checkpoint.keys():
            checkpoint[name] = named_as(self.state_dict(), checkpoint[name])
        if self.seed is None:
            self.seed = checkpoint.get(SEED_KEY)
        progress = checkpoint.get("loops", {}).get("fit_loop", {}).get("epoch_progress", {})
        self._resumed_epoch = progress.get("current", {}).get("processed", 0)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:  # torch's signature
        """Load weights; torch's own error has a line for each that does not fit, this has one for all.

        Args:
            state_dict (Mapping[str, Any]): Weights and buffers by name.
            strict (bool): Whether the names must be the model's own. Defaults to ``True``.
            assign (bool): As torch's. Defaults to ``False``.

        Returns:
            _IncompatibleKeys: As torch's.

        Raises:
            ValueError: If a name or a shape differs; the message names the first, and how many differ.
        """
        if strict:
            check_fit(self, state_dict, "the state", "; is it another model's?")
        return super().load_state_dict(state_dict, strict=strict, assign=assign)

    def _learn(
        self, batch_idx: int, images: torch.Tensor, terms: dict[str, torch.Tensor], losses: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Update each network by its own loss, unless a term is not finite.

        Args:
            batch_idx (int): Index of the batch in the epoch.
            images (torch.Tensor): The batch.
            terms (dict[str, torch.Tensor]): All loss terms by name, computed before any weight changes.
            losses (dict[str, torch.Tensor]): What each optimizer lowers, made of the terms, in the optimizers' order.

        Returns:
            dict[str, torch.Tensor]: Losses and terms by name, detached.

        Raises:
            NonFiniteLossError: If a term is NaN or infinite; the weights stay as they were.
        """
        moment = f"step {self.trainer.fit_loop.total_batch_idx} (epoch {self.current_epoch}, batch {batch_idx})"
        check_finite(moment, **terms)
        self._step(list(losses.values()))
        logged = {name: value.detach() for name, value in (losses | terms).items()}
        for name, value in logged.items():
            self.log(name, value, prog_bar=name in losses, on_step=True, on_epoch=False, batch_size=len(images))
        return logged

    def _step(self, losses: list[torch.Tensor]) -> None:
        """Update each network by its own loss; all gradients are there before the first weight changes.

        Several processes exchange the gradients of all networks together, so no step may come before the last of them.
        The trainer counts the first optimizer's steps alone: one batch is one step.
        """
        optimizers = self.optimizers()
        optimizers = optimizers if isinstance(optimizers, list) else [optimizers]
        for optimizer, loss in zip(optimizers, losses, strict=True):
            optimizer.zero_grad()
            self.manual_backward(loss)
        counted, *others = optimizers
        counted.step()
        for optimizer in others:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None, self)


@contextmanager
def frozen(*networks: nn.Module) -> Iterator[None]:
    """Let networks judge for others without learning from it.

    Args:
        *networks (nn.Module): Networks whose parameters get no gradient of what is computed inside.

    Yields:
        None: Afterwards they learn again.
    """
    # Those that the user froze stay so.
    learning = [weight for network in networks for weight in network.parameters() if weight.requires_grad]
    for weight in learning:
        weight.requires_grad = False
    try:
        yield
    finally:
        for weight in learning:
            weight.requires_grad = True
