# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One training step of SCADN's GAN, and the randomness around it.

Differences from the authors' code:
    - The last batch of an epoch is used even if it is incomplete, as the host's data modules give it.
"""

from typing import Any

import torch
from anomalib.data import Batch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Timer
from torch import optim

from .crops import random_crops
from .loss import adversarial_loss, check_finite, discriminator_loss, reconstruction_loss, structural_loss
from .masks import remove
from .seeding import start_epoch
from .torch_model import ScadnModel

RANGE_TOLERANCE = 1e-3
"""How far images may lie outside [0, 1]."""

SEED_KEY = "scadn_seed"
"""Where a checkpoint keeps the seed of its run, so that a resumed run draws the same numbers."""


class GanTraining(LightningModule):
    """The training half of :class:`~anomalib_scadn.lightning_model.Scadn`.

    Args:
        lambda_rec (float): Weight of the reconstruction loss (SCADN Eq. 4).
        lambda_rm (float): Additional weight of removed pixels (SCADN Eq. 2).
        lambda_adv (float): Weight of the adversarial loss (SCADN Eq. 4).
        lambda_ssim (float): Weight of the structural loss.
    """

    model: ScadnModel
    lambda_rec: float
    lambda_rm: float
    lambda_adv: float
    lambda_ssim: float
    learning_rate: float
    discriminator_learning_rate: float
    betas: tuple[float, float]
    crop_size: tuple[int, int] | None
    seed: int | None
    max_epochs: int

    @property
    def trainer(self) -> Trainer:
        """The trainer of the current run."""
        return LightningModule.trainer.fget(self)

    @trainer.setter
    def trainer(self, trainer: Trainer | None) -> None:
        """Attach a trainer, and give it the paper's number of epochs if it has no limit of its own.

        Lightning would train 1000 epochs. ``trainer_arguments`` cannot say so: it overrules the user's choice.
        """
        LightningModule.trainer.fset(self, trainer)
        if trainer is None or trainer.max_epochs is not None or trainer.max_steps != -1:
            return
        if not any(isinstance(callback, Timer) for callback in trainer.callbacks):
            trainer.fit_loop.max_epochs = self.max_epochs

    def configure_optimizers(self) -> list[optim.Optimizer]:
        """Make one Adam for each network (SCADN, "Implementation Details").

        Returns:
            list[optim.Optimizer]: The generator's and, unless ``lambda_adv`` is 0, the discriminator's.
        """
        optimizers: list[optim.Optimizer] = [
            optim.Adam(self.model.generator.parameters(), self.learning_rate, self.betas)
        ]
        if self.model.discriminator is not None:
            rate = self.discriminator_learning_rate
            optimizers.append(optim.Adam(self.model.discriminator.parameters(), rate, self.betas))
        return optimizers

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, torch.Tensor]:
        """Update both networks on one batch, each image with one random mask (SCADN Eq. 1 to 4).

        Args:
            batch (Batch): Normal images, range [0, 1].
            batch_idx (int): Index of the batch in the epoch.

        Returns:
            dict[str, torch.Tensor]: Loss terms by name, detached.

        Raises:
            NonFiniteLossError: If a loss term is NaN or infinite; the weights stay as they were.
            ValueError: If the first batch's images lie outside [0, 1].
        """
        images = batch.image
        if batch_idx == 0:
            _check_range(images)
        masks = self._draw_masks(len(images))
        if self.crop_size is not None:
            images, masks = random_crops(images, masks, self.crop_size, self._mask_generator)
        fakes = self.model.paint(remove(images, masks, self.model.mask_fill))
        terms = self._loss_terms(images, fakes, masks)
        moment = f"step {self.trainer.fit_loop.total_batch_idx} (epoch {self.current_epoch}, batch {batch_idx})"
        check_finite(moment, **terms)
        losses = {"generator_loss": self._generator_loss(terms)}
        if "discriminator_loss" in terms:
            losses["discriminator_loss"] = terms["discriminator_loss"]
        self._step(list(losses.values()))
        logged = {name: value.detach() for name, value in (losses | terms).items()}
        self.log_dict(logged, prog_bar=True, on_step=True, on_epoch=False, batch_size=len(images))
        return logged

    def _draw_masks(self, count: int) -> torch.Tensor:
        """Draw one of the masks for each image, shape (count, 1, H, W)."""
        masks = self.model.masks
        return masks[torch.randint(len(masks), (count,), generator=self._mask_generator).to(masks.device)]

    def _loss_terms(self, images: torch.Tensor, fakes: torch.Tensor, masks: torch.Tensor) -> dict[str, torch.Tensor]:
        """Compute all terms before any weight changes."""
        terms = {"reconstruction_loss": reconstruction_loss(fakes, images, masks, self.lambda_rm)}
        if self.lambda_ssim:
            terms["structural_loss"] = structural_loss(fakes, images, masks)
        discriminator = self.model.discriminator
        if discriminator is not None:
            # Where it judges for the generator it does not learn.
            discriminator.requires_grad_(requires_grad=False)
            try:
                terms["adversarial_loss"] = adversarial_loss(self.model.judge(fakes))
            finally:
                discriminator.requires_grad_(requires_grad=True)
            terms["discriminator_loss"] = discriminator_loss(self.model.judge(images), self.model.judge(fakes.detach()))
        return terms

    def _generator_loss(self, terms: dict[str, torch.Tensor]) -> torch.Tensor:
        """Weigh the generator's terms (SCADN Eq. 4)."""
        weights = {
            "reconstruction_loss": self.lambda_rec,
            "structural_loss": self.lambda_ssim,
            "adversarial_loss": self.lambda_adv,
        }
        return torch.stack([weights[name] * term for name, term in terms.items() if name in weights]).sum()

    def _step(self, losses: list[torch.Tensor]) -> None:
        """Update each network by its own loss; both gradients are there before the first weight changes."""
        optimizers = self.optimizers()
        pairs = list(zip(optimizers if isinstance(optimizers, list) else [optimizers], losses, strict=True))
        for optimizer, loss in pairs:
            optimizer.zero_grad()
            self.manual_backward(loss)
        for optimizer, _ in pairs:
            optimizer.step()

    # -- Randomness ---------------------------------------------------------------------------------------------------

    def on_fit_start(self) -> None:
        """Seed the first epoch of this run: its data loader starts before ``on_train_epoch_start``."""
        super().on_fit_start()
        if self.seed is None:
            self.seed = self.trainer.strategy.broadcast(torch.initial_seed() % 2**32)
        self._start_epoch(self._resumed_epoch if self.trainer.ckpt_path else self.current_epoch)

    def on_train_epoch_start(self) -> None:
        """Seed every further epoch."""
        if self.current_epoch != self._seeded_epoch:
            self._start_epoch(self.current_epoch)

    def _start_epoch(self, epoch: int) -> None:
        self._mask_generator = start_epoch(self.seed or 0, epoch, self.global_rank)
        self._seeded_epoch = epoch

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the seed with the weights."""
        super().on_save_checkpoint(checkpoint)
        checkpoint[SEED_KEY] = self.seed

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take over the seed, unless the user has chosen one, and the epoch that training would resume at."""
        super().on_load_checkpoint(checkpoint)
        if self.seed is None:
            self.seed = checkpoint.get(SEED_KEY)
        progress = checkpoint.get("loops", {}).get("fit_loop", {}).get("epoch_progress", {})
        self._resumed_epoch = progress.get("current", {}).get("processed", 0)


def _check_range(images: torch.Tensor) -> None:
    low, high = (float(value) for value in images.aminmax())
    # Antialiased resizing of pure white ends a rounding error above 1.
    if low < -RANGE_TOLERANCE or high > 1 + RANGE_TOLERANCE:
        msg = (
            f"SCADN paints images in [0, 1], got values from {low:.3g} to {high:.3g}; "
            "leave normalization out of the pre-processor and the augmentations"
        )
        raise ValueError(msg)
