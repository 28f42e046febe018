# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""ALOCC: adversarially learned one-class classifier (Sabokrou et al. 2018).

A denoising autoencoder R learns to make noisy normal images look real to a discriminator D, which learns to tell them
from real ones. What is normal is enhanced by R, what is not is distorted; D alone, or D behind R, is the classifier.

Left open by the source, and chosen here:
    - The noise's standard deviation: 0.2 of the images' range.
    - R's squared error: averaged over all values, so that its weight does not depend on the image size.
    - R's adversarial loss: non-saturating, as SCADN's here.
    - Optimizers, rates and epochs: SCADN's Adam, one rate for both networks.

Differences from the source:
    - Training ends after a number of epochs, not when the reconstruction error falls below a limit.
"""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from anomalib.metrics import Evaluator
from anomalib.models.components import AnomalibModule
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor
from anomalib.visualization import Visualizer
from torch import nn

from anomalib_scadn.baselines.alocc_model import AloccModel
from anomalib_scadn.baselines.base import Baseline, Terms
from anomalib_scadn.baselines.denoising import add_noise
from anomalib_scadn.baselines.exporting import BaselineExport
from anomalib_scadn.baselines.torch_model import reconstruction_error
from anomalib_scadn.checks import check_not_negative
from anomalib_scadn.loss import adversarial_loss, discriminator_loss
from anomalib_scadn.training_run import frozen

SCORE_KEY = "alocc_refine"
"""Where a checkpoint says which of the two scores its thresholds and limits belong to."""

logger = logging.getLogger(__name__)


class Alocc(Baseline):
    """What ALOCC D and ALOCC DR share: all but the score, so a checkpoint of one loads into the other."""

    model: AloccModel
    refine: bool

    def __init__(
        self,
        image_size: int | tuple[int, int] = 512,
        base_channels: int = 64,
        lambda_rec: float = 0.4,
        noise_std: float = 0.2,
        learning_rate: float = 1e-4,
        discriminator_learning_rate: float | None = None,
        beta1: float = 0.0,
        beta2: float = 0.9,
        max_epochs: int = 200,
        seed: int | None = None,
        pre_processor: PreProcessor | bool = True,
        post_processor: PostProcessor | bool = True,
        evaluator: Evaluator | bool = True,
        visualizer: Visualizer | bool = True,
    ) -> None:
        """Make both networks.

        Args:
            image_size (int | tuple[int, int]): Side, or height and width, that images are resized to, in pixels,
                multiples of 8, at least 24. Defaults to ``512``.
            base_channels (int): Channels of the networks' first layers. Defaults to ``64``.
            lambda_rec (float): Weight of R's squared error beside its adversarial loss. Defaults to ``0.4``.
            noise_std (float): Standard deviation of the noise that R learns to remove, in units of the images' range.
                Defaults to ``0.2``.
            learning_rate (float): Adam's rate for R. Defaults to ``1e-4``.
            discriminator_learning_rate (float | None): Adam's rate for D. Defaults to ``None``, that of R.
            beta1 (float): Adam's first decay rate. Defaults to ``0.0``.
            beta2 (float): Adam's second decay rate. Defaults to ``0.9``.
            max_epochs (int): Epochs to train if the trainer is given no limit of its own. Defaults to ``200``.
            seed (int | None): Seed of initial weights, shuffling and noise. Defaults to ``None``: the global seed, as
                ``lightning.seed_everything`` sets it.
            pre_processor (PreProcessor | bool): As the host's; the default resizes and does not normalize.
                Defaults to ``True``.
            post_processor (PostProcessor | bool): As the host's. Defaults to ``True``.
            evaluator (Evaluator | bool): As the host's. Defaults to ``True``.
            visualizer (Visualizer | bool): As the host's. Defaults to ``True``.

        Raises:
            ValueError: If an argument is impossible; the message names the value and the valid ones.
        """
        check_not_negative(lambda_rec=lambda_rec, noise_std=noise_std)
        check_not_negative(discriminator_learning_rate=discriminator_learning_rate or 0.0)
        super().__init__(
            image_size=image_size,
            base_channels=base_channels,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            max_epochs=max_epochs,
            seed=seed,
            pre_processor=pre_processor,
            post_processor=post_processor,
            evaluator=evaluator,
            visualizer=visualizer,
        )
        self.lambda_rec = lambda_rec
        self.noise_std = noise_std
        own = discriminator_learning_rate
        self.discriminator_learning_rate = self.learning_rate if own is None else own

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep with the weights which score they were validated with.

        Args:
            checkpoint (dict[str, Any]): Checkpoint about to be saved.
        """
        super().on_save_checkpoint(checkpoint)
        checkpoint[SCORE_KEY] = self.refine

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave thresholds and limits of normalization behind if they are the other score's.

        Args:
            checkpoint (dict[str, Any]): Checkpoint about to be loaded.

        Raises:
            ValueError: As :meth:`Baseline.on_load_checkpoint`.
        """
        super().on_load_checkpoint(checkpoint)
        if checkpoint.get(SCORE_KEY, self.refine) == self.refine:
            return
        own = {name: value for name, value in self.state_dict().items() if name.startswith("post_processor.")}
        checkpoint["state_dict"] = checkpoint["state_dict"] | own
        logger.warning("The checkpoint's thresholds belong to ALOCC's other score; validate to get those of this one.")

    def _make_model(self, image_size: tuple[int, int], base_channels: int) -> AloccModel:
        return AloccModel(image_size, base_channels, refine=self.refine)

    def _learners(self) -> Sequence[tuple[nn.Module, float]]:
        return [
            (self.model.reconstructor, self.learning_rate),
            (self.model.discriminator, self.discriminator_learning_rate),
        ]

    def _losses(self, images: torch.Tensor) -> tuple[Terms, Terms]:
        reconstructions = self.model.reconstruct(add_noise(images, self.noise_std, self._epoch_generator))
        with frozen(self.model.discriminator):
            adversarial = adversarial_loss(self.model.judge(reconstructions))
        terms = {
            "reconstruction_loss": reconstruction_error(reconstructions, images),
            "adversarial_loss": adversarial,
            "discriminator_loss": discriminator_loss(
                self.model.judge(images), self.model.judge(reconstructions.detach())
            ),
        }
        losses = {
            "reconstructor_loss": terms["adversarial_loss"] + self.lambda_rec * terms["reconstruction_loss"],
            "discriminator_loss": terms["discriminator_loss"],
        }
        return terms, losses


class AloccD(Alocc, BaselineExport, AnomalibModule):
    """ALOCC with the score 1 - D(x) as an anomalib model; arguments are those of :class:`Alocc`."""

    refine = False


class AloccDR(Alocc, BaselineExport, AnomalibModule):
    """ALOCC with the score 1 - D(R(x)) as an anomalib model; arguments are those of :class:`Alocc`."""

    refine = True
