# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Upsampling within a convolution against the two one after the other."""

import pytest
import torch
from torch import nn

from anomalib_scadn.export.upsampling import SubpixelConv2d, with_subpixel_convolutions
from anomalib_scadn.networks import BlockConv2d, Generator, ResizeConv2d


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (8, 6)])
def test_one_convolution_equals_upsampling_and_a_convolution(size):
    layer, features = ResizeConv2d(3, 4).double(), torch.randn(2, 3, *size, dtype=torch.float64)
    doubled = nn.functional.interpolate(features, scale_factor=2, mode="nearest")
    expected = nn.functional.conv2d(doubled, layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(SubpixelConv2d(layer)(features), expected, atol=1e-12, rtol=0)


def test_a_generator_paints_the_same_and_stays_as_it_was():
    generator = Generator(2).double().eval()
    keys, images = list(generator.state_dict()), torch.rand(2, 3, 32, 40, dtype=torch.float64)
    prepared = with_subpixel_convolutions(generator)
    torch.testing.assert_close(prepared(images), generator(images), atol=1e-12, rtol=0)
    assert sum(isinstance(layer, SubpixelConv2d) for layer in prepared.modules()) == 3
    assert not any(isinstance(layer, ResizeConv2d | BlockConv2d) for layer in prepared.modules())
    assert list(generator.state_dict()) == keys
    assert sum(isinstance(layer, ResizeConv2d) for layer in generator.modules()) == 3
