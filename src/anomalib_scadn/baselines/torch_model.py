# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The inference that the compared methods have in common: images of one size in, scores out."""

from abc import ABC, abstractmethod

import torch
from anomalib.data import InferenceBatch
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from anomalib_scadn.torch_model import InferenceModel


class BaselineModel(InferenceModel, ABC):
    """A method's networks and its score. See :class:`~anomalib_scadn.torch_model.InferenceModel`."""

    has_maps = False

    def forward(self, images: torch.Tensor) -> InferenceBatch:
        """Score images.

        Args:
            images (torch.Tensor): Shape (N, 3, H, W) with the model's image size, range [0, 1].

        Returns:
            InferenceBatch: Raw scores of shape (N,) and, if the method has maps, raw maps of shape (N, 1, H, W).

        Raises:
            ValueError: If the images have another shape.
        """
        self.check_images(images)
        return self.score(images)

    @abstractmethod
    def score(self, images: torch.Tensor) -> InferenceBatch:
        """Score images of the right shape. See :meth:`forward`."""


class ReconstructionModel(BaselineModel):
    """A model whose map is the squared error of its reconstruction and whose score is the map's mean."""

    has_maps = True

    @abstractmethod
    def reconstruct(self, images: torch.Tensor) -> torch.Tensor:
        """Reconstruct images.

        Args:
            images (torch.Tensor): Shape (N, 3, H, W), range [0, 1].

        Returns:
            torch.Tensor: Same shape, range [0, 1].
        """

    def score(self, images: torch.Tensor) -> InferenceBatch:
        """Score images by their reconstruction errors. See :meth:`BaselineModel.forward`."""
        errors = squared_errors(self.reconstruct(images), images)
        return InferenceBatch(pred_score=errors.mean(dim=(1, 2, 3)), anomaly_map=errors)


def squared_errors(reconstructions: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Squared error of each pixel, averaged over channels.

    Args:
        reconstructions (torch.Tensor): Shape (N, C, H, W).
        images (torch.Tensor): Same shape.

    Returns:
        torch.Tensor: Shape (N, 1, H, W), float32.
    """
    return (reconstructions.float() - images.float()).square().mean(dim=1, keepdim=True)


def reconstruction_error(reconstructions: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Squared error averaged over all values, which methods learn by.

    Args:
        reconstructions (torch.Tensor): Shape (N, C, H, W).
        images (torch.Tensor): Same shape.

    Returns:
        torch.Tensor: Scalar, float32.
    """
    return F.mse_loss(reconstructions.float(), images.float())
