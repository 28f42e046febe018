# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Layers against torch's own: values, gradients, layout in memory."""

import openvino as ov
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from anomalib_scadn.networks import BlockConv2d, InstanceNorm, ResizeConv2d

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def drawn(*shape, dtype=torch.float32):
    return 3 + 2 * torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def values_and_gradients(function, *inputs):
    """Compute a function and the gradients of an uneven sum of its values."""
    inputs = [value.detach().clone().requires_grad_() for value in inputs]
    values = function(*inputs)
    weights = torch.empty_like(values).copy_(torch.linspace(-1, 1, values.numel()).reshape(values.shape))
    return values.detach(), *torch.autograd.grad((values * weights).sum(), inputs)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_instance_norm_and_its_gradient_are_torchs_in_the_layout_of_the_input(layout):
    features = drawn(2, 4, 24, 40, dtype=torch.float64).to(memory_format=layout)
    found = values_and_gradients(InstanceNorm(4), features)
    torch.testing.assert_close(found, values_and_gradients(nn.InstanceNorm2d(4), features), atol=1e-9, rtol=1e-9)
    assert all(value.is_contiguous(memory_format=layout) for value in found)


def test_instance_norm_keeps_its_digits_far_from_zero():
    features = 100 + drawn(1, 2, 128, 128)
    expected = nn.InstanceNorm2d(2)(features.double()).float()
    torch.testing.assert_close(InstanceNorm(2)(features), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("size", "row_by_row", "is_fused"), [(128, True, True), (136, True, False), (136, False, True)]
)
def test_instance_norm_in_a_graph_is_torchs_and_the_runtimes_own_up_to_128_pixels(
    monkeypatch, size, row_by_row, is_fused
):
    features, norm, fused = drawn(1, 2, size, size), InstanceNorm(2), []
    norm.export_row_by_row = row_by_row
    expected = nn.InstanceNorm2d(2)(features)
    own = nn.InstanceNorm2d.forward
    monkeypatch.setattr(nn.InstanceNorm2d, "forward", lambda *given: fused.append(given) or own(*given))
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(norm(features), expected, atol=1e-5, rtol=1e-5)
    assert bool(fused) == is_fused


def test_instance_norm_of_a_large_map_keeps_its_digits_in_openvino(tmp_path):
    # Summed up in one go, values were off by 2e-5 with AVX-512.
    generator = torch.Generator().manual_seed(0)
    images, weight = (torch.rand(shape, generator=generator) for shape in ((1, 3, 512, 512), (8, 3, 1, 1)))
    network = nn.Sequential(nn.Conv2d(3, 8, 1, bias=False), InstanceNorm(8), nn.ReLU(), nn.Conv2d(8, 1, 1)).eval()
    network[0].weight = nn.Parameter(weight)
    torch.onnx.export(network, (images,), tmp_path / "norm.onnx", verbose=False)
    compiled = ov.compile_model(tmp_path / "norm.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    expected = network.double()(images.double()).detach().float()
    torch.testing.assert_close(torch.from_numpy(compiled([images.numpy()])[0]), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_instance_norm_of_half_precision_has_means_of_single_precision(kind):
    features = (100 + drawn(1, 2, 32, 32)).to(kind)
    expected = nn.InstanceNorm2d(2)(features.float()).to(kind)
    torch.testing.assert_close(InstanceNorm(2)(features), expected, atol=1e-4, rtol=torch.finfo(kind).eps)


def test_instance_norm_can_be_traced():
    features = drawn(1, 2, 8, 8)
    traced = torch.jit.trace(InstanceNorm(2), features)
    torch.testing.assert_close(traced(features), InstanceNorm(2)(features), atol=1e-5, rtol=0)
    traced.save_to_buffer()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(1, 1), (2, 5), (8, 6)])
def test_resizing_and_convolving_in_one_equals_one_after_the_other(size, layout):
    layer, features = ResizeConv2d(3, 4).double(), drawn(2, 3, *size, dtype=torch.float64).to(memory_format=layout)

    def one_after_the_other(features, weight, bias):
        return F.conv2d(F.interpolate(features, scale_factor=2, mode="nearest"), weight, bias, padding=1)

    def in_one(features, weight, bias):
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, features)

    inputs = (features, layer.weight, layer.bias)
    expected = values_and_gradients(one_after_the_other, *inputs)
    torch.testing.assert_close(values_and_gradients(in_one, *inputs), expected, atol=1e-11, rtol=1e-11)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("size", "kernel"), [((7, 7), 6), ((10, 14), 7), ((6, 8), 1)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_of_blocks_equals_one_of_pixels(size, kernel, bias, layout):
    layer = BlockConv2d(3, 2, kernel, bias=bias).double()
    features = drawn(2, 3, *size, dtype=torch.float64).to(memory_format=layout)

    def of_blocks(features, *weights):
        names = ("weight", "bias")[: len(weights)]
        return torch.func.functional_call(layer, dict(zip(names, weights, strict=True)), features)

    inputs = (features, *layer.parameters())
    expected = values_and_gradients(F.conv2d, *inputs)
    torch.testing.assert_close(values_and_gradients(of_blocks, *inputs), expected, atol=1e-11, rtol=1e-11)
