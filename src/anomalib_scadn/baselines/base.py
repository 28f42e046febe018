# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Arguments, components and training step that the compared methods share as anomalib models.

A method's own class says what its networks are, what they learn from and how an image is scored, nothing else.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from anomalib.data import Batch
from anomalib.metrics import Evaluator
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor
from anomalib.visualization import ImageVisualizer, Visualizer
from torch import nn, optim

from anomalib_scadn.checks import (
    as_image_size,
    check_count,
    check_decay,
    check_not_negative,
    check_same_arguments,
    check_same_size,
    check_seed,
)
from anomalib_scadn.components.defaults import DefaultComponents
from anomalib_scadn.components.pre_processor import ScadnPreProcessor
from anomalib_scadn.networks import initial_weights
from anomalib_scadn.training.inputs import check_range
from anomalib_scadn.training.run import TrainingRun

from .torch_model import BaselineModel

Terms = dict[str, torch.Tensor]


class Baseline(DefaultComponents, TrainingRun, ABC):
    """A method that SCADN is compared with; a base before anomalib's own, which makes it one of anomalib's models.

    Where a method's source is silent, its networks' sizes and its optimizer's settings are SCADN's.
    """

    model: BaselineModel
    trained_alike: tuple[str, ...] = ("image_size", "base_channels")
    """Arguments that must be those of training."""

    # Its arguments are described here, not above: a method without a constructor of its own inherits both.
    def __init__(
        self,
        image_size: int | tuple[int, int] = 512,
        base_channels: int = 64,
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
        """Make the networks and anomalib's components.

        Args:
            image_size (int | tuple[int, int]): Side, or height and width, that images are resized to, in pixels,
                multiples of 8, at least 24. Defaults to ``512``.
            base_channels (int): Channels of the networks' first layers. Defaults to ``64``.
            learning_rate (float): Adam's rate. Defaults to ``1e-4``.
            beta1 (float): Adam's first decay rate. Defaults to ``0.0``.
            beta2 (float): Adam's second decay rate. Defaults to ``0.9``.
            max_epochs (int): Epochs to train if the trainer is given no limit of its own. Defaults to ``200``.
            seed (int | None): Seed of initial weights, shuffling and noise. Defaults to ``None``: the global seed, as
                ``lightning.seed_everything`` sets it.
            pre_processor (PreProcessor | bool): As in anomalib; the default resizes and does not normalize.
                Defaults to ``True``.
            post_processor (PostProcessor | bool): As in anomalib. Defaults to ``True``.
            evaluator (Evaluator | bool): As in anomalib. Defaults to ``True``.
            visualizer (Visualizer | bool): As in anomalib. Defaults to ``True``.

        Raises:
            ValueError: If an argument is impossible; the message names the value and the valid ones.
        """
        size = as_image_size(image_size)
        check_count(1, base_channels=base_channels, max_epochs=max_epochs)
        check_not_negative(learning_rate=learning_rate)
        check_decay(beta1=beta1, beta2=beta2)
        check_seed(seed)
        super().__init__(
            pre_processor=ScadnPreProcessor(size) if pre_processor is True else pre_processor,
            post_processor=post_processor,
            evaluator=evaluator,
            visualizer=visualizer,
        )
        # A plain tuple: a checkpoint with a configuration library's list cannot be read.
        self.hparams["image_size"] = size
        check_same_size(size, self.input_size)
        self.automatic_optimization = False
        self.learning_rate = learning_rate
        self.betas = (beta1, beta2)
        self.max_epochs = max_epochs
        self.seed = seed
        with initial_weights(seed):
            self.model = self._make_model(size, base_channels)
        # The layout that convolutions run fastest in, on CPU and GPU; values are the same.
        self.model.to(memory_format=torch.channels_last)

    @abstractmethod
    def _make_model(self, image_size: tuple[int, int], base_channels: int) -> BaselineModel:
        """Make the method's networks, drawing their weights from torch's global generator."""

    @abstractmethod
    def _learners(self) -> Sequence[tuple[nn.Module, float]]:
        """List what learns, with its rate, in the order of :meth:`_losses`."""

    @abstractmethod
    def _losses(self, images: torch.Tensor) -> tuple[Terms, Terms]:
        """Compute all loss terms, and what each learner lowers, before any weight changes."""

    def configure_optimizers(self) -> list[optim.Optimizer]:
        """Make one Adam for each of the networks that learn by a loss of their own.

        Returns:
            list[optim.Optimizer]: In the order of the losses.
        """
        return [optim.Adam(network.parameters(), rate, self.betas, fused=True) for network, rate in self._learners()]

    def training_step(self, batch: Batch, batch_idx: int) -> Terms:
        """Learn from one batch.

        Args:
            batch (Batch): Normal images, range [0, 1].
            batch_idx (int): Index of the batch in the epoch.

        Returns:
            Terms: Losses and their terms by name, detached.

        Raises:
            NonFiniteLossError: If a loss term is NaN or infinite; the weights stay as they were.
            ValueError: If the first batch's images lie outside [0, 1].
        """
        if batch_idx == 0:
            check_range(batch.image)
        terms, losses = self._losses(batch.image)
        return self._learn(batch_idx, batch.image, terms, losses)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse weights of a model that was made with other arguments.

        Args:
            checkpoint (dict[str, Any]): Checkpoint about to be loaded.

        Raises:
            ValueError: If an argument of :attr:`trained_alike` was another one; the message names both.
        """
        super().on_load_checkpoint(checkpoint)
        check_same_arguments(checkpoint.get("hyper_parameters", {}), self.hparams, self.trained_alike)

    @classmethod
    def configure_visualizer(cls) -> Visualizer:
        """Make the default visualizer: anomalib's pictures."""
        return ImageVisualizer()


def add_noise(images: torch.Tensor, std: float, generator: torch.Generator) -> torch.Tensor:
    """Add Gaussian noise, which a denoising autoencoder removes (Vincent et al. 2008); values may leave [0, 1].

    Args:
        images (torch.Tensor): Any shape, range [0, 1].
        std (float): Standard deviation of the noise, in units of the images' range.
        generator (torch.Generator): On the CPU, so that a seed gives the same noise on every device.

    Returns:
        torch.Tensor: Same shape and type.
    """
    noise = torch.randn(images.shape, generator=generator)
    return images + std * noise.to(images)
