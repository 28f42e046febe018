# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Layers of the generator as plain convolutions to four times the channels, for graphs.

Of the weights of :class:`~anomalib_scadn.networks.ResizeConv2d` four meet each of the four pixels that one becomes: a
2 x 2 convolution to four times the channels, whose values are then put side by side (Shi et al. 2016; Aitken et al.
2017). The result is the same up to rounding, borders included. A :class:`~anomalib_scadn.networks.BlockConv2d` is such
a convolution already; in a graph its weights are constants.
"""

from copy import deepcopy

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from anomalib_scadn.networks import BlockConv2d, ResizeConv2d


class SubpixelConv2d(nn.Module):
    """What a :class:`~anomalib_scadn.networks.ResizeConv2d` computes, of a plain convolution and a pixel shuffle.

    Args:
        layer (ResizeConv2d): The layer; its weights are copied.

    Example:
        >>> import torch
        >>> SubpixelConv2d(ResizeConv2d(3, 5))(torch.rand(1, 3, 4, 6)).shape
        torch.Size([1, 5, 8, 12])
    """

    def __init__(self, layer: ResizeConv2d) -> None:
        super().__init__()
        # Of the sixteen sums every second one, from the second or the first on, belongs to one of the four new pixels.
        sums = layer.sums().detach()
        taps = torch.stack([sums[..., 1 - a :: 2, 1 - b :: 2] for a in (0, 1) for b in (0, 1)], dim=1)
        self.weight = nn.Parameter(taps.flatten(0, 1), requires_grad=False)
        bias = layer.bias
        self.bias = None if bias is None else nn.Parameter(bias.detach().repeat_interleave(4), requires_grad=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Double the size and convolve.

        Args:
            features (torch.Tensor): Shape (N, C, h, w).

        Returns:
            torch.Tensor: Shape (N, D, 2 * h, 2 * w).
        """
        # With the second new pixel before the first, all four lie where they belong but for a border of one pixel.
        return F.pixel_shuffle(F.conv2d(features, self.weight, self.bias, padding=1), 2)[..., 1:-1, 1:-1]


def with_subpixel_convolutions(network: nn.Module) -> nn.Module:
    """Copy a network with convolutions of constant weights, which every runtime is fast at: it computes the same.

    Args:
        network (nn.Module): Any network.

    Returns:
        nn.Module: A copy with channels last in memory, not to be trained or saved.
    """
    copy = deepcopy(network)
    for layers in list(copy.modules()):
        for name, layer in list(layers.named_children()):
            if isinstance(layer, ResizeConv2d):
                setattr(layers, name, SubpixelConv2d(layer))
            elif isinstance(layer, BlockConv2d):
                setattr(layers, name, nn.Sequential(_plain(*layer.blocks()), nn.PixelShuffle(2)))
    return copy.to(memory_format=torch.channels_last)


def _plain(weight: torch.Tensor, bias: torch.Tensor | None) -> nn.Conv2d:
    """Make a convolution of stride 2 that has these weights."""
    channels, given, *kernel = weight.shape
    with torch.device("meta"):
        plain = nn.Conv2d(given, channels, (kernel[0], kernel[1]), stride=2)
    plain.weight = nn.Parameter(weight.detach(), requires_grad=False)
    plain.bias = None if bias is None else nn.Parameter(bias.detach(), requires_grad=False)
    return plain
