# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""PatchGAN discriminator (SCADN, "Network architecture")."""

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from .weights import init_weights


class SpectralConv2d(nn.Conv2d):
    """A convolution that spectral norm leaves picklable, which torch's other parametrized modules are not."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what the module holds; its class, which torch makes for each module, is made anew."""
        return _with_spectral_norm, (), vars(self)


def _with_spectral_norm() -> nn.Module:
    """Make a convolution that a pickle fills; on no device, so that no random numbers are drawn."""
    return spectral_norm(SpectralConv2d(1, 1, 1, device="meta"))


class Discriminator(nn.Module):
    """D: PatchGAN (Isola et al. 2017) with spectral norm (Miyato et al. 2018).

    Args:
        base_channels (int): Channels of the first layer. Defaults to ``64``.
    """

    def __init__(self, base_channels: int = 64) -> None:
        super().__init__()
        widths = [3, *(base_channels * 2**level for level in range(4)), 1]
        layers: list[nn.Module] = []
        for level, (narrow, wide) in enumerate(pairwise(widths)):
            stride = 2 if level < 3 else 1
            convolution = SpectralConv2d(narrow, wide, 4, stride, padding=1, bias=False)
            layers += [convolution, nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers[:-1])
        init_weights(self)
        for layer in self.layers:
            if isinstance(layer, SpectralConv2d):
                spectral_norm(layer)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Judge each patch.

        Args:
            images (torch.Tensor): Real or painted images, shape (N, 3, H, W), range [0, 1].

        Returns:
            torch.Tensor: Logits, shape (N, 1, H // 8 - 2, W // 8 - 2); D of SCADN Eq. 3 is their sigmoid, 1 = real.
        """
        return self.layers(images)
