# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Inpainting generator (SCADN, "Network architecture" and "Implementation Details").

Differences from the paper, as in the authors' code:
    - Every residual block, not only the first, has a dilated first convolution.
    - No activation follows the sum at the end of a residual block.
    - The last convolution of the generator has no instance norm; tanh maps its output, shifted to [0, 1].
"""

from functools import partial
from itertools import pairwise
from typing import Literal

import torch
from torch import nn

from anomalib_scadn.masks.sizes import MIN_SIZE, check_sides

from .layers import BlockConv2d, InstanceNorm, ResizeConv2d, mean_by_rows
from .weights import init_weights

Residual = Literal["full", "separable"]
"""How the convolutions of residual blocks are made."""


def _norm_relu(convolution: nn.Conv2d) -> list[nn.Module]:
    """Convolution, instance norm, ReLU."""
    return [convolution, InstanceNorm(convolution.out_channels), nn.ReLU()]


def _separable_conv(channels: int, kernel: int, dilation: int = 1) -> nn.Sequential:
    """Convolution of each channel alone, then of each pixel alone, without padding.

    As in MobileNets (Howard et al. 2017), but with nothing between the two, as in Xception (Chollet 2017).
    """
    return nn.Sequential(
        nn.Conv2d(channels, channels, kernel, dilation=dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1),
    )


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions, the first dilated, added to the input (He et al. 2016; SCADN, "Network architecture").

    Args:
        channels (int): C, channels in and out.
        dilation (int): Dilation of the first convolution. Defaults to ``2``.
        residual (Literal["full", "separable"]): Whether a convolution sums over all channels and 3 x 3 pixels at once,
            with 9 C² weights as in the paper, or over pixels and then over channels, with 9 C + C². Defaults to
            ``"full"``.
    """

    def __init__(self, channels: int, dilation: int = 2, residual: Residual = "full") -> None:
        super().__init__()
        conv = partial(nn.Conv2d, channels) if residual == "full" else _separable_conv
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(dilation),
            conv(channels, 3, dilation=dilation),
            InstanceNorm(channels),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            conv(channels, 3),
            InstanceNorm(channels),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Add what the two convolutions find.

        Args:
            features (torch.Tensor): Shape (N, C, h, w).

        Returns:
            torch.Tensor: Shape (N, C, h, w).
        """
        return features + self.layers(features)


class Generator(nn.Module):
    """G: paints an image from what a mask has left of it (SCADN Eq. 1).

    Args:
        base_channels (int): Channels of the first layer; they double with each of the three halvings of the size.
            Defaults to ``64``.
        residual_blocks (int): Residual blocks at an eighth of the size. Defaults to ``8``.
        residual (Literal["full", "separable"]): Convolutions of the residual blocks, see :class:`ResidualBlock`.
            Defaults to ``"full"``.
    """

    def __init__(self, base_channels: int = 64, residual_blocks: int = 8, residual: Residual = "full") -> None:
        super().__init__()
        widths = [base_channels * 2**level for level in range(4)]
        encoder: list[nn.Module] = [nn.ReflectionPad2d(3), *_norm_relu(nn.Conv2d(3, base_channels, 7))]
        for narrow, wide in pairwise(widths):
            encoder += _norm_relu(nn.Conv2d(narrow, wide, 4, stride=2, padding=1))
        decoder: list[nn.Module] = []
        for wide, narrow in zip(widths[:0:-1], widths[-2::-1], strict=True):
            # Checkpoints name weights by their place in the Sequential, and upsampling was a layer of its own.
            decoder += [nn.Identity(), *_norm_relu(ResizeConv2d(wide, narrow))]
        decoder += [nn.ReflectionPad2d(3), BlockConv2d(base_channels, 3, 7)]
        self.encoder = nn.Sequential(*encoder)
        self.residual = nn.Sequential(*(ResidualBlock(widths[-1], residual=residual) for _ in range(residual_blocks)))
        self.decoder = nn.Sequential(*decoder)
        init_weights(self)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Repaint masked images.

        Args:
            images (torch.Tensor): I ⊙ M, shape (N, 3, H, W), range [0, 1], H and W multiples of 8, at least 24.

        Returns:
            torch.Tensor: Î, shape (N, 3, H, W), range [0, 1].
        """
        # The first norm takes any mean away. Without it before the convolution, faint contrasts keep their digits.
        centred = images - mean_by_rows(images)
        return to_images(self.decoder(self.residual(self.encoder(centred))))


def check_input_size(image_size: tuple[int, int]) -> None:
    """Check that the generator and the discriminator can take images of a size.

    Args:
        image_size (tuple[int, int]): Height and width in pixels.

    Raises:
        ValueError: If a side is no multiple of 8 or below 24; the message names the value and the valid ones.
    """
    check_sides(image_size)
    if min(image_size) < MIN_SIZE:
        msg = f"the generator needs images of at least {MIN_SIZE} x {MIN_SIZE} pixels, got {image_size}"
        raise ValueError(msg)


def to_images(values: torch.Tensor) -> torch.Tensor:
    """Bring what a decoder gives to the range of images.

    Args:
        values (torch.Tensor): Any shape and range.

    Returns:
        torch.Tensor: Same shape, range [0, 1].
    """
    return (torch.tanh(values) + 1) / 2
