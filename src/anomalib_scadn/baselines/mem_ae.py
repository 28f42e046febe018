# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""MemAE: an autoencoder that decodes from a memory of normal features.

Gong et al. 2019, "Memorizing Normality to Detect Anomaly: Memory-augmented Deep Autoencoder for Unsupervised Anomaly
Detection". SCADN compares with it as "the memory module between encoder and decoder" of its own DAE.

Left open by the sources, and chosen here:
    - What a query is: the feature vector of each location, so that the memory fits every image size.
    - How losses are averaged: the squared error over all values, the entropy over all queries.
    - Slots, threshold and weight of the entropy: those of the method's experiments with 2,000 slots; SCADN names none.
"""

from collections.abc import Sequence
from typing import Any

import torch
from anomalib.models.components import AnomalibModule
from torch import nn

from anomalib_scadn.checks import check_count, check_not_negative
from anomalib_scadn.export.base import WholeExport
from anomalib_scadn.networks import Generator, apply, to_images

from .base import Baseline, Terms
from .memory import Memory, addressing_entropy
from .torch_model import ReconstructionModel, reconstruction_error


class MemoryAutoencoder(nn.Module):
    """SCADN's encoder and decoder with a memory between them.

    Args:
        base_channels (int): Channels of the first layer.
        slots (int): Items of the memory.
        threshold (float | None): Addressing weights up to this become 0; ``None`` means 1 / slots.
    """

    def __init__(self, base_channels: int, slots: int, threshold: float | None) -> None:
        super().__init__()
        generator = Generator(base_channels, residual_blocks=0)
        self.encoder, self.decoder = generator.encoder, generator.decoder
        self.memory = Memory(8 * base_channels, slots, threshold)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Reconstruct images from the memory.

        Args:
            images (torch.Tensor): Shape (N, 3, H, W), range [0, 1].

        Returns:
            tuple[torch.Tensor, torch.Tensor]: Reconstructions, shape (N, 3, H, W), range [0, 1], and the addressing
                weights, shape (N, H * W / 64, slots).
        """
        read, weights = self.memory(apply(self.encoder, images))
        return to_images(self.decoder(read)), weights


class MemAeModel(ReconstructionModel):
    """MemAE's network and score.

    Args:
        image_size (tuple[int, int]): Height and width in pixels, multiples of 8, at least 24.
        base_channels (int): Channels of the first layer. Defaults to ``64``.
        slots (int): Items of the memory. Defaults to ``2000``.
        threshold (float | None): Addressing weights up to this become 0. Defaults to ``None``, 1 / slots.
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        base_channels: int = 64,
        slots: int = 2000,
        threshold: float | None = None,
    ) -> None:
        super().__init__(image_size)
        self.autoencoder = MemoryAutoencoder(base_channels, slots, threshold)

    def remember(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Reconstruct images and tell which items were used. See :meth:`MemoryAutoencoder.forward`."""
        return self.autoencoder(images)

    def reconstruct(self, images: torch.Tensor) -> torch.Tensor:
        """Reconstruct images from the memory. See :meth:`ReconstructionModel.reconstruct`."""
        return self.remember(images)[0]


class MemAe(Baseline, WholeExport, AnomalibModule):
    """MemAE as an anomalib model.

    Args:
        slots (int): Items of the memory. Defaults to ``2000``.
        shrink_threshold (float | None): Addressing weights up to this become 0. Defaults to ``None``, 1 / slots.
        lambda_entropy (float): Weight of the addressing entropy. Defaults to ``0.0002``.
        **kwargs (Any): Arguments of :class:`~anomalib_scadn.baselines.Baseline`.

    Raises:
        ValueError: If an argument is impossible; the message names the value and the valid ones.

    Example:
        >>> MemAe(image_size=32, base_channels=2, slots=50).model.image_size
        (32, 32)
    """

    model: MemAeModel
    trained_alike = (*Baseline.trained_alike, "shrink_threshold")

    def __init__(
        self,
        slots: int = 2000,
        shrink_threshold: float | None = None,
        lambda_entropy: float = 0.0002,
        **kwargs: Any,  # noqa: ANN401  # arguments of Baseline
    ) -> None:
        check_count(1, slots=slots)
        check_not_negative(lambda_entropy=lambda_entropy, shrink_threshold=shrink_threshold or 0.0)
        super().__init__(**kwargs)
        self.lambda_entropy = lambda_entropy

    def _make_model(self, image_size: tuple[int, int], base_channels: int) -> MemAeModel:
        return MemAeModel(image_size, base_channels, self.hparams["slots"], self.hparams["shrink_threshold"])

    def _learners(self) -> Sequence[tuple[nn.Module, float]]:
        return [(self.model.autoencoder, self.learning_rate)]

    def _losses(self, images: torch.Tensor) -> tuple[Terms, Terms]:
        reconstructions, weights = self.model.remember(images)
        terms = {
            "reconstruction_loss": reconstruction_error(reconstructions, images),
            "entropy": addressing_entropy(weights),
        }
        return terms, {"loss": terms["reconstruction_loss"] + self.lambda_entropy * terms["entropy"]}
