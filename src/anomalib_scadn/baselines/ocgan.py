# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""OCGAN: one-class novelty detection with a constrained latent space (Perera et al. 2019).

A denoising autoencoder learns together with three judges: the latent discriminator wants encoded images to fill the
latent space (-1, 1)^d evenly, the visual discriminator wants whatever is decoded from that space to look normal, and
the classifier finds where it does not yet (informative-negative mining); the autoencoder alone learns from what was
found so. So nothing but normal images can be decoded.

Left open by the source, and chosen here:
    - The noise's standard deviation: 0.2 of the images' range. The source names a variance of 0.2, but not the range;
      from -1 to 1 that is a standard deviation of 0.22 of it.
    - The number and the size of mining steps.
    - The squared error: averaged over all values. Adversarial losses: non-saturating, as SCADN's here.
    - Optimizers, rates and epochs: SCADN's Adam, one rate for all networks.

Differences from the source:
    - The last epoch is kept, not the one with the smallest error on validation images.
    - All networks are updated together after all losses are computed, not one after the other, so that a loss that is
      not finite leaves all of them as they were.
"""

from collections.abc import Sequence
from typing import Any

import torch
from anomalib.models.components import AnomalibModule
from torch import nn

from anomalib_scadn.checks import check_count, check_not_negative
from anomalib_scadn.export.base import WholeExport
from anomalib_scadn.loss import adversarial_loss, discriminator_loss
from anomalib_scadn.networks import apply
from anomalib_scadn.training.run import frozen

from .base import Baseline, Terms, add_noise
from .mining import mine
from .ocgan_model import OcganModel
from .torch_model import reconstruction_error


class Ocgan(Baseline, WholeExport, AnomalibModule):
    """OCGAN as an anomalib model.

    Args:
        latent_channels (int): Channels of the latent map at an eighth of the image's size. Defaults to ``32``.
        lambda_rec (float): Weight of the squared error beside the two adversarial losses. Defaults to ``10.0``.
        noise_std (float): Standard deviation of the noise that the autoencoder learns to remove, in units of the
            images' range. Defaults to ``0.2``.
        mining_steps (int): Gradient steps towards bad images; 0 mines none. Defaults to ``5``.
        mining_step_size (float): How far a latent value moves per step, root mean square. Defaults to ``0.05``.
        judges_learning_rate (float | None): Adam's rate for both discriminators and the classifier. Defaults to
            ``None``, that of the autoencoder.
        **kwargs (Any): Arguments of :class:`~anomalib_scadn.baselines.Baseline`.

    Raises:
        ValueError: If an argument is impossible; the message names the value and the valid ones.

    Example:
        >>> Ocgan(image_size=32, base_channels=2, mining_steps=0).model.image_size
        (32, 32)
    """

    model: OcganModel

    def __init__(
        self,
        latent_channels: int = 32,
        lambda_rec: float = 10.0,
        noise_std: float = 0.2,
        mining_steps: int = 5,
        mining_step_size: float = 0.05,
        judges_learning_rate: float | None = None,
        **kwargs: Any,  # noqa: ANN401  # arguments of Baseline
    ) -> None:
        check_count(1, latent_channels=latent_channels)
        check_count(0, mining_steps=mining_steps)
        check_not_negative(lambda_rec=lambda_rec, noise_std=noise_std, mining_step_size=mining_step_size)
        check_not_negative(judges_learning_rate=judges_learning_rate or 0.0)
        super().__init__(**kwargs)
        self.lambda_rec = lambda_rec
        self.noise_std = noise_std
        self.mining_steps, self.mining_step_size = mining_steps, mining_step_size
        self.judges_learning_rate = self.learning_rate if judges_learning_rate is None else judges_learning_rate

    def _make_model(self, image_size: tuple[int, int], base_channels: int) -> OcganModel:
        return OcganModel(image_size, base_channels, self.hparams["latent_channels"])

    def _learners(self) -> Sequence[tuple[nn.Module, float]]:
        judges = (self.model.latent_discriminator, self.model.visual_discriminator, self.model.classifier)
        return [(self.model.autoencoder, self.learning_rate), *((judge, self.judges_learning_rate) for judge in judges)]

    def _losses(self, images: torch.Tensor) -> tuple[Terms, Terms]:
        encoded = self.model.encode(add_noise(images, self.noise_std, self._epoch_generator))
        reconstructions = self.model.decode(encoded)
        # In single precision whatever that of the networks is: in half of it, values are few, and some are 1.
        samples = (2 * torch.rand(encoded.shape, generator=self._epoch_generator) - 1).to(encoded.device)
        terms = self._autoencoder_terms(images, encoded, reconstructions, samples)
        autoencoder = terms["latent_adversarial_loss"] + terms["visual_adversarial_loss"]
        judges = self._judges_losses(images, encoded.detach(), reconstructions.detach(), samples)
        losses = {"autoencoder_loss": autoencoder + self.lambda_rec * terms["reconstruction_loss"], **judges}
        return terms | judges, losses

    def _autoencoder_terms(
        self, images: torch.Tensor, encoded: torch.Tensor, reconstructions: torch.Tensor, samples: torch.Tensor
    ) -> Terms:
        """Compute what the autoencoder learns from; the judges learn nothing here."""
        mined = self._mine(samples)
        with frozen(self.model.latent_discriminator, self.model.visual_discriminator):
            return {
                "reconstruction_loss": reconstruction_error(reconstructions, images),
                "latent_adversarial_loss": adversarial_loss(apply(self.model.latent_discriminator, encoded)),
                "visual_adversarial_loss": adversarial_loss(
                    apply(self.model.visual_discriminator, self.model.decode(mined))
                ),
            }

    def _judges_losses(
        self, images: torch.Tensor, encoded: torch.Tensor, reconstructions: torch.Tensor, samples: torch.Tensor
    ) -> Terms:
        """Compute what each judge learns from: its real and its fake examples, none of which has a gradient."""
        with torch.no_grad():
            fakes = self.model.decode(samples)
        latent, visual = self.model.latent_discriminator, self.model.visual_discriminator
        classifier = self.model.classifier
        return {
            "latent_discriminator_loss": discriminator_loss(apply(latent, samples), apply(latent, encoded)),
            "visual_discriminator_loss": discriminator_loss(apply(visual, images), apply(visual, fakes)),
            "classifier_loss": discriminator_loss(apply(classifier, reconstructions), apply(classifier, fakes)),
        }

    def _mine(self, samples: torch.Tensor) -> torch.Tensor:
        """Find samples that decode to what the classifier finds least real."""
        with frozen(self.model.autoencoder, self.model.classifier):
            return mine(
                samples,
                lambda latents: apply(self.model.classifier, self.model.decode(latents)),
                self.mining_steps,
                self.mining_step_size,
            )
