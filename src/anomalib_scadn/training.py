# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One training step of SCADN's GAN.

Differences from the authors' code:
    - The last batch of an epoch is used even if it is incomplete, as the host's data modules give it.
"""

import torch
from anomalib.data import Batch
from torch import optim

from .crops import random_crops
from .loss import adversarial_loss, discriminator_loss, reconstruction_loss, structural_loss
from .masks import remove
from .schedule import Schedule, lower_rates, restore_rates, training_progress
from .torch_model import ScadnModel
from .training_run import TrainingRun, check_range, frozen


class GanTraining(TrainingRun):
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
    learning_rate_schedule: Schedule
    betas: tuple[float, float]
    crop_size: tuple[int, int] | None

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

    def on_train_start(self) -> None:
        """Let rates stay that a resumed run would otherwise have fallen to."""
        super().on_train_start()
        if self.learning_rate_schedule == "constant":
            restore_rates(self.trainer.optimizers)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Let rates fall, if they do.

        Args:
            batch (Batch): The batch, unused.
            batch_idx (int): Index of the batch in the epoch.

        Raises:
            ValueError: If rates fall and the trainer does not know when it ends.
        """
        super().on_train_batch_start(batch, batch_idx)
        if self.learning_rate_schedule == "cosine":
            lower_rates(self.trainer.optimizers, training_progress(self.trainer, batch_idx))

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
            check_range(images)
        masks = self._draw_masks(len(images))
        if self.crop_size is not None:
            images, masks = random_crops(images, masks, self.crop_size, self._epoch_generator)
        fakes = self.model.paint(remove(images, masks, self.model.mask_fill))
        terms = self._loss_terms(images, fakes, masks)
        losses = {"generator_loss": self._generator_loss(terms)}
        if "discriminator_loss" in terms:
            losses["discriminator_loss"] = terms["discriminator_loss"]
        return self._learn(batch_idx, images, terms, losses)

    def _draw_masks(self, count: int) -> torch.Tensor:
        """Draw one of the masks for each image, shape (count, 1, H, W)."""
        masks = self.model.masks
        return masks[torch.randint(len(masks), (count,), generator=self._epoch_generator).to(masks.device)]

    def _loss_terms(self, images: torch.Tensor, fakes: torch.Tensor, masks: torch.Tensor) -> dict[str, torch.Tensor]:
        """Compute all terms before any weight changes."""
        terms = {"reconstruction_loss": reconstruction_loss(fakes, images, masks, self.lambda_rm)}
        if self.lambda_ssim:
            terms["structural_loss"] = structural_loss(fakes, images, masks)
        discriminator = self.model.discriminator
        if discriminator is not None:
            with frozen(discriminator):
                terms["adversarial_loss"] = adversarial_loss(self.model.judge(fakes))
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
