# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Networks: generator and discriminator, their layers and initial weights."""

from .discriminator import Discriminator
from .generator import Generator, Residual, ResidualBlock, check_input_size, to_images
from .layers import BlockConv2d, InstanceNorm, ResizeConv2d
from .weights import apply, initial_weights

__all__ = [
    "BlockConv2d",
    "Discriminator",
    "Generator",
    "InstanceNorm",
    "Residual",
    "ResidualBlock",
    "ResizeConv2d",
    "apply",
    "check_input_size",
    "initial_weights",
    "to_images",
]
