# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The noise that a denoising autoencoder is trained against (Vincent et al. 2008)."""

import torch


def add_noise(images: torch.Tensor, std: float, generator: torch.Generator) -> torch.Tensor:
    """Add Gaussian noise; values may leave [0, 1].

    Args:
        images (torch.Tensor): Any shape, range [0, 1].
        std (float): Standard deviation of the noise, in units of the images' range.
        generator (torch.Generator): On the CPU, so that a seed gives the same noise on every device.

    Returns:
        torch.Tensor: Same shape and type.
    """
    noise = torch.randn(images.shape, generator=generator)
    return images + std * noise.to(images)
