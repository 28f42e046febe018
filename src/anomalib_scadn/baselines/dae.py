# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""DAE: the deep autoencoder that SCADN is compared with (SCADN, "Compared Methods").

The paper: "we removed the discriminator and residual blocks in our generator, only reserved the encoder-decoder
structure". It cites Zhou and Paffenroth (2017), whose split into a clean part and noise it does not use.

Left open by the source, and chosen here:
    - The loss and the score: the mean squared error; the map averages it over channels.
    - Optimizer, rate and epochs: SCADN's.
"""

from collections.abc import Sequence

import torch
from anomalib.models.components import AnomalibModule
from torch import nn

from anomalib_scadn.export.base import WholeExport
from anomalib_scadn.networks import Generator, apply

from .base import Baseline, Terms
from .torch_model import ReconstructionModel, reconstruction_error


class DaeModel(ReconstructionModel):
    """SCADN's generator without residual blocks, used as an autoencoder.

    Args:
        image_size (tuple[int, int]): Height and width in pixels, multiples of 8, at least 24.
        base_channels (int): Channels of the first layer. Defaults to ``64``.
    """

    def __init__(self, image_size: tuple[int, int], base_channels: int = 64) -> None:
        super().__init__(image_size)
        self.autoencoder = Generator(base_channels, residual_blocks=0)

    def reconstruct(self, images: torch.Tensor) -> torch.Tensor:
        """Encode and decode images. See :meth:`ReconstructionModel.reconstruct`."""
        return apply(self.autoencoder, images)


class Dae(Baseline, WholeExport, AnomalibModule):
    """The deep autoencoder as an anomalib model; arguments are those of :class:`~anomalib_scadn.baselines.Baseline`.

    Example:
        >>> Dae(image_size=32, base_channels=2).model.image_size
        (32, 32)
    """

    model: DaeModel

    def _make_model(self, image_size: tuple[int, int], base_channels: int) -> DaeModel:
        return DaeModel(image_size, base_channels)

    def _learners(self) -> Sequence[tuple[nn.Module, float]]:
        return [(self.model.autoencoder, self.learning_rate)]

    def _losses(self, images: torch.Tensor) -> tuple[Terms, Terms]:
        terms = {"reconstruction_loss": reconstruction_error(self.model.reconstruct(images), images)}
        return terms, terms
