# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""ALOCC's two networks and two scores (Sabokrou et al. 2018, Eq. 4 and 5).

Left open by the source, and chosen here:
    - Networks for large images: SCADN's generator without residual blocks as R, SCADN's PatchGAN as D.
    - One probability for an image: the mean over D's patches.
    - Maps: the source has none, and SCADN's Table 3 has no column of ALOCC's, so images get a score alone.
"""

import torch
from anomalib.data import InferenceBatch

from anomalib_scadn.networks import Discriminator, Generator, apply

from .torch_model import BaselineModel


class AloccModel(BaselineModel):
    """R and D, and how surely D takes an image for an anomaly.

    Args:
        image_size (tuple[int, int]): Height and width in pixels, multiples of 8, at least 24.
        base_channels (int): Channels of the networks' first layers. Defaults to ``64``.
        refine (bool): Whether R refines an image before D judges it. Defaults to ``True``.
    """

    def __init__(self, image_size: tuple[int, int], base_channels: int = 64, *, refine: bool = True) -> None:
        super().__init__(image_size)
        self.refine = refine
        self.training_only = () if refine else ("reconstructor",)
        self.reconstructor = Generator(base_channels, residual_blocks=0)
        self.discriminator = Discriminator(base_channels)

    def reconstruct(self, images: torch.Tensor) -> torch.Tensor:
        """Apply R.

        Args:
            images (torch.Tensor): Noisy or plain images, shape (N, 3, H, W).

        Returns:
            torch.Tensor: Same shape, range [0, 1].
        """
        return apply(self.reconstructor, images)

    def judge(self, images: torch.Tensor) -> torch.Tensor:
        """Apply D.

        Args:
            images (torch.Tensor): Real or reconstructed images, shape (N, 3, H, W).

        Returns:
            torch.Tensor: Logits of patches, shape (N, 1, H // 8 - 2, W // 8 - 2), higher is more real.
        """
        return apply(self.discriminator, images)

    def score(self, images: torch.Tensor) -> InferenceBatch:
        """Score images by 1 - D(x), or 1 - D(R(x)). See :meth:`BaselineModel.forward`."""
        logits = self.judge(self.reconstruct(images) if self.refine else images)
        # sigmoid(-x) is 1 - sigmoid(x) without its rounding to 0 where D is sure.
        return InferenceBatch(pred_score=torch.sigmoid(-logits.float()).mean(dim=(1, 2, 3)))
