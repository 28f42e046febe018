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

import torch
from anomalib.metrics import Evaluator
from anomalib.models.components import AnomalibModule
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor
from anomalib.visualization import Visualizer
from torch import nn

from anomalib_scadn.baselines.base import Baseline, Terms
from anomalib_scadn.baselines.exporting import BaselineExport
from anomalib_scadn.baselines.memory import Memory, addressing_entropy
from anomalib_scadn.baselines.torch_model import ReconstructionModel, reconstruction_error
from anomalib_scadn.checks import check_at_least_one, check_not_negative
from anomalib_scadn.networks import Generator, apply, to_images


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


class MemAe(Baseline, BaselineExport, AnomalibModule):
    """MemAE as an anomalib model.

    Args:
        image_size (int | tuple[int, int]): Side, or height and width, that images are resized to, in pixels,
            multiples of 8, at least 24. Defaults to ``512``.
        base_channels (int): Channels of the networks' first layers. Defaults to ``64``.
        slots (int): Items of the memory. Defaults to ``2000``.
        shrink_threshold (float | None): Addressing weights up to this become 0. Defaults to ``None``, 1 / slots.
        lambda_entropy (float): Weight of the addressing entropy. Defaults to ``0.0002``.
        learning_rate (float): Adam's rate. Defaults to ``1e-4``.
        beta1 (float): Adam's first decay rate. Defaults to ``0.0``.
        beta2 (float): Adam's second decay rate. Defaults to ``0.9``.
        max_epochs (int): Epochs to train if the trainer is given no limit of its own. Defaults to ``200``.
        seed (int | None): Seed of initial weights and shuffling. Defaults to ``None``: the global seed, as
            ``lightning.seed_everything`` sets it.
        pre_processor (PreProcessor | bool): As the host's; the default resizes and does not normalize.
            Defaults to ``True``.
        post_processor (PostProcessor | bool): As the host's. Defaults to ``True``.
        evaluator (Evaluator | bool): As the host's. Defaults to ``True``.
        visualizer (Visualizer | bool): As the host's. Defaults to ``True``.

    Raises:
        ValueError: If an argument is impossible; the message names the value and the valid ones.
    """

    model: MemAeModel
    trained_alike = ("image_size", "shrink_threshold")

    def __init__(
        self,
        image_size: int | tuple[int, int] = 512,
        base_channels: int = 64,
        slots: int = 2000,
        shrink_threshold: float | None = None,
        lambda_entropy: float = 0.0002,
        learning_rate: float = 1e-4,
        beta1: float = 0.0,
        beta2: float = 0.9,
        max_epochs: int = 200,
        seed: int | None = None,
        pre_processor: PreProcessor | bool = True,
        post_processor: PostProcessor | bool = True,
        evaluator: Evaluator | bool = True,
        visualizer: Visualizer | bool = True,
    ) -> None:
        check_at_least_one(slots=slots)
        check_not_negative(lambda_entropy=lambda_entropy, shrink_threshold=shrink_threshold or 0.0)
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
