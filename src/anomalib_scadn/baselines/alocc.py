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
from anomalib.models.components import AnomalibModule
from torch import nn

from anomalib_scadn.checks import check_not_negative
from anomalib_scadn.export.base import WholeExport
from anomalib_scadn.loss import adversarial_loss, discriminator_loss
from anomalib_scadn.training.run import frozen

from .alocc_model import AloccModel
from .base import Baseline, Terms, add_noise
from .torch_model import reconstruction_error

SCORE_KEY = "alocc_refine"
"""Key in a checkpoint of the score that its thresholds and limits belong to."""

logger = logging.getLogger(__name__)


class Alocc(Baseline):
    """ALOCC without its score: a checkpoint of ALOCC D loads into ALOCC DR, and the reverse."""

    model: AloccModel
    refine: bool

    def __init__(
        self,
        lambda_rec: float = 0.4,
        noise_std: float = 0.2,
        discriminator_learning_rate: float | None = None,
        **kwargs: Any,  # noqa: ANN401  # arguments of Baseline
    ) -> None:
        """Make both networks.

        Args:
            lambda_rec (float): Weight of R's squared error beside its adversarial loss. Defaults to ``0.4``.
            noise_std (float): Standard deviation of the noise that R learns to remove, in units of the images' range.
                Defaults to ``0.2``.
            discriminator_learning_rate (float | None): Adam's rate for D. Defaults to ``None``, that of R.
            **kwargs (Any): Arguments of :class:`~anomalib_scadn.baselines.Baseline`.

        Raises:
            ValueError: If an argument is impossible; the message names the value and the valid ones.
        """
        check_not_negative(lambda_rec=lambda_rec, noise_std=noise_std)
        check_not_negative(discriminator_learning_rate=discriminator_learning_rate or 0.0)
        super().__init__(**kwargs)
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


class AloccD(Alocc, WholeExport, AnomalibModule):
    """ALOCC with the score 1 - D(x) as an anomalib model; arguments are those of :class:`Alocc`.

    Example:
        >>> AloccD(image_size=32, base_channels=2).model.refine
        False
    """

    model: AloccModel
    refine = False


class AloccDR(Alocc, WholeExport, AnomalibModule):
    """ALOCC with the score 1 - D(R(x)) as an anomalib model; arguments are those of :class:`Alocc`.

    Example:
        >>> AloccDR(image_size=32, base_channels=2).model.refine
        True
    """

    model: AloccModel
    refine = True
