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

from collections.abc import Sequence
from typing import Any

import torch
from anomalib.models.components import AnomalibModule
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from anomalib_scadn.baselines.alocc_model import AloccModel
from anomalib_scadn.baselines.base import Baseline, Terms
from anomalib_scadn.baselines.denoising import add_noise
from anomalib_scadn.baselines.exporting import BaselineExport
from anomalib_scadn.checks import check_not_negative
from anomalib_scadn.loss import adversarial_loss, discriminator_loss
from anomalib_scadn.training_run import frozen


class Alocc(Baseline):
    """What ALOCC D and ALOCC DR share: all but the score, so a checkpoint of one loads into the other.

    Args:
        lambda_rec (float): Weight of R's squared error beside its adversarial loss. Defaults to ``0.4``.
        noise_std (float): Standard deviation of the noise that R learns to remove, in units of the images' range.
            Defaults to ``0.2``.
        discriminator_learning_rate (float | None): Adam's rate for D. Defaults to ``None``, that of R.
        **shared (Any): Arguments of :class:`~anomalib_scadn.baselines.Baseline`.

    Raises:
        ValueError: If an argument is impossible; the message names the value and the valid ones.
    """

    model: AloccModel
    refine: bool

    def __init__(
        self,
        *,
        lambda_rec: float = 0.4,
        noise_std: float = 0.2,
        discriminator_learning_rate: float | None = None,
        **shared: Any,  # noqa: ANN401  # typed by the base
    ) -> None:
        check_not_negative(lambda_rec=lambda_rec, noise_std=noise_std)
        check_not_negative(discriminator_learning_rate=discriminator_learning_rate or 0.0)
        super().__init__(**shared)
        self.lambda_rec = lambda_rec
        self.noise_std = noise_std
        own = discriminator_learning_rate
        self.discriminator_learning_rate = self.learning_rate if own is None else own

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
            "reconstruction_loss": F.mse_loss(reconstructions.float(), images.float()),
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
