# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Networks: shapes, counts of parameters, and what the paper and the authors' code say about their layers."""

import copy
from functools import partial

import openvino as ov
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from anomalib_scadn.masks.sizes import MIN_SIZE
from anomalib_scadn.networks import (
    BlockConv2d,
    Discriminator,
    Generator,
    InstanceNorm,
    ResidualBlock,
    ResizeConv2d,
    apply,
)
from anomalib_scadn.training.official_weights import rename_discriminator_keys, rename_generator_keys
from tolerances import generator_rounding


def shapes(state):
    return {key: tuple(value.shape) for key, value in state.items()}


def on_meta(network, *args):
    """Make a network without storing or drawing its weights."""
    with torch.device("meta"):
        return network(*args)


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return Generator(2).eval()


@pytest.mark.parametrize("size", [(24, 24), (32, 64), (64, 24), (40, 56)])
def test_generator_paints_an_image_of_the_same_shape(generator, size):
    assert generator(torch.rand(2, 3, *size)).shape == (2, 3, *size)


def test_smallest_size_is_the_smallest_that_works(generator):
    assert generator(torch.rand(1, 3, MIN_SIZE, MIN_SIZE)).shape == (1, 3, MIN_SIZE, MIN_SIZE)
    with pytest.raises(RuntimeError, match=r"[Pp]adding size"):
        generator(torch.rand(1, 3, MIN_SIZE, MIN_SIZE - 8))


def test_generator_output_fills_the_unit_interval_and_stays_in_it():
    generator = Generator(2)
    last = generator.decoder[-1]
    for bias, expected in ((100.0, 1.0), (-100.0, 0.0)):
        nn.init.constant_(last.bias, bias)
        assert torch.equal(generator(torch.rand(1, 3, 32, 32)), torch.full((1, 3, 32, 32), expected))
    nn.init.zeros_(last.bias)
    nn.init.zeros_(last.weight)
    assert torch.equal(generator(torch.rand(1, 3, 32, 32)), torch.full((1, 3, 32, 32), 0.5))


def test_generator_halves_the_image_three_times(generator):
    features = generator.encoder(torch.rand(1, 3, 32, 64))
    assert features.shape == (1, 2 * 8, 4, 8)
    assert generator.residual(features).shape == features.shape


def test_parameter_counts_at_the_authors_width():
    # Convolutions with bias: 7x7 in, three 4x4 down, 2 * 8 of 3x3, three 3x3 up, 7x7 out.
    # Convolutions without bias: 4x4 of 3, 64, 128, 256, 512 to 64, 128, 256, 512, 1 channels.
    generator, discriminator = on_meta(Generator), Discriminator()
    assert sum(parameter.numel() for parameter in generator.parameters()) == 42_077_955
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == 2_763_776


def test_parameters_have_the_authors_keys_and_shapes(official_keys):
    generator = {key: torch.empty(shape, device="meta") for key, shape in official_keys["generator"].items()}
    assert shapes(rename_generator_keys(generator)) == shapes(on_meta(Generator).state_dict())
    discriminator = {key: torch.empty(shape, device="meta") for key, shape in official_keys["discriminator"].items()}
    assert shapes(rename_discriminator_keys(discriminator)) == shapes(Discriminator().state_dict())


@pytest.mark.parametrize("network", [Generator, Discriminator])
def test_base_channels_scale_every_layer(network):
    narrow, wide = network(2), network(4)
    for (key, few), many in zip(narrow.state_dict().items(), wide.state_dict().values(), strict=True):
        colours = {1, 3}  # the image's channels and the judgement's, which nothing scales
        if not key.endswith(("_u", "_v")):
            for few_channels, many_channels in zip(few.shape[:2], many.shape[:2], strict=True):
                assert many_channels == (few_channels if few_channels in colours else 2 * few_channels), key
            assert few.shape[2:] == many.shape[2:]


def test_number_of_residual_blocks_is_eight_by_default(generator):
    assert len(generator.residual) == 8
    assert len(Generator(2, residual_blocks=3).residual) == 3


def test_every_residual_block_has_a_dilated_first_and_a_plain_second_convolution(generator):
    for block in generator.residual:
        first, second = (layer for layer in block.layers if isinstance(layer, nn.Conv2d))
        assert (first.kernel_size, first.dilation, first.padding) == ((3, 3), (2, 2), (0, 0))
        assert (second.kernel_size, second.dilation, second.padding) == ((3, 3), (1, 1), (0, 0))
        pads = [layer.padding for layer in block.layers if isinstance(layer, nn.ReflectionPad2d)]
        assert pads == [(2, 2, 2, 2), (1, 1, 1, 1)]


def test_residual_block_equals_its_layers_written_out_and_has_no_activation_after_the_sum():
    block = ResidualBlock(3)
    first, second = (layer for layer in block.layers if isinstance(layer, nn.Conv2d))
    features = torch.randn(2, 3, 6, 7)

    def normalize(values):
        centred = values - values.mean(dim=(2, 3), keepdim=True)
        return centred / (values.var(dim=(2, 3), keepdim=True, correction=0) + 1e-5).sqrt()

    hidden = F.conv2d(F.pad(features, (2,) * 4, mode="reflect"), first.weight, first.bias, dilation=2)
    hidden = normalize(hidden).clamp(min=0)
    hidden = normalize(F.conv2d(F.pad(hidden, (1,) * 4, mode="reflect"), second.weight, second.bias))
    result = block(features)
    torch.testing.assert_close(result, features + hidden, atol=1e-5, rtol=1e-5)
    assert (result < 0).any()


def test_a_separable_block_equals_its_layers_written_out():
    block = ResidualBlock(3, residual="separable")
    (one, across), (other, across_too) = block.layers[1], block.layers[5]
    features = torch.randn(2, 3, 6, 7)

    def separable(values, dilation, depthwise, pointwise):
        values = F.pad(values, (dilation,) * 4, mode="reflect")
        alone = [
            F.conv2d(values[:, n : n + 1], depthwise.weight[n : n + 1], dilation=dilation)
            for n in range(values.shape[1])
        ]
        return torch.einsum("nchw,dc->ndhw", torch.cat(alone, dim=1), pointwise.weight[..., 0, 0])

    hidden = F.instance_norm(separable(features, 2, one, across)).relu()
    hidden = F.instance_norm(separable(hidden, 1, other, across_too))
    torch.testing.assert_close(block(features), features + hidden, atol=1e-4, rtol=1e-4)


def test_separable_blocks_have_nearly_a_ninth_of_the_weights():
    # Sixteen convolutions of 3 x 3 over 512 channels: 9 * 512 + 512 * 512 weights in place of 9 * 512 * 512.
    full, separable = on_meta(Generator), on_meta(partial(Generator, residual="separable"))
    counts = [sum(parameter.numel() for parameter in network.parameters()) for network in (full, separable)]
    assert counts[0] - counts[1] == 16 * (8 * 512 * 512 - 9 * 512)
    for part in ("encoder", "decoder"):
        assert shapes(getattr(full, part).state_dict()) == shapes(getattr(separable, part).state_dict())


def test_residual_block_leaves_its_input_untouched():
    features = torch.randn(1, 2, 6, 6)
    before = features.clone()
    ResidualBlock(2)(features)
    assert torch.equal(features, before)


def test_instance_norm_follows_every_generator_convolution_but_the_last_and_has_no_parameters(generator):
    layers = [layer for layer in generator.modules() if isinstance(layer, nn.Conv2d | InstanceNorm)]
    assert [isinstance(layer, InstanceNorm) for layer in layers] == [False, True] * 23 + [False]
    for layer in layers[1::2]:
        assert not layer.affine
        assert not layer.track_running_stats
        assert not list(layer.parameters())
    assert not list(generator.buffers())


def test_generator_pads_outer_convolutions_by_reflection_and_upsamples_by_repetition(generator):
    for part, index in ((generator.encoder, 0), (generator.decoder, -2)):
        assert isinstance(part[index], nn.ReflectionPad2d)
        assert part[index].padding == (3, 3, 3, 3)
        assert (part[index + 1].kernel_size, part[index + 1].padding) == ((7, 7), (0, 0))
    layers = [layer for layer in generator.decoder if isinstance(layer, nn.Conv2d)]
    assert [type(layer) for layer in layers] == [*[ResizeConv2d] * 3, BlockConv2d]
    down = [layer for layer in generator.encoder if isinstance(layer, nn.Conv2d)][1:]
    assert [(layer.kernel_size, layer.stride, layer.padding) for layer in down] == [((4, 4), (2, 2), (1, 1))] * 3


def test_results_of_an_image_do_not_depend_on_its_batch(generator):
    images = torch.rand(3, 3, 32, 32)
    together = generator(images)
    for n in range(3):
        torch.testing.assert_close(
            together[n : n + 1], generator(images[n : n + 1]), atol=generator_rounding(2), rtol=0
        )


@pytest.fixture
def faint(generator):
    """Images of a faint contrast, and what the generator makes of them in double precision."""
    images = 0.8 + torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) / 256
    with torch.no_grad():
        return images, copy.deepcopy(generator).double()(images.double()).float()


def test_a_faint_contrast_keeps_its_digits(generator, faint):
    images, precise = faint
    with torch.no_grad():
        torch.testing.assert_close(generator(images), precise, atol=1e-5, rtol=0)  # 3e-4 where the mean stays


@pytest.mark.parametrize(("precision", "rounding"), [("f32", 1e-5), ("bf16", 0.1)])  # 7e-4 and 0.4
def test_a_faint_contrast_keeps_its_digits_in_a_graph(generator, faint, tmp_path, precision, rounding):
    images, precise = faint
    torch.onnx.export(generator.eval(), (images,), tmp_path / "generator.onnx", verbose=False)
    graph = ov.compile_model(tmp_path / "generator.onnx", "CPU", {"INFERENCE_PRECISION_HINT": precision})
    torch.testing.assert_close(torch.from_numpy(graph([images.numpy()])[0]), precise, atol=rounding, rtol=0)


@pytest.mark.parametrize(("size", "patches"), [((32, 32), (2, 2)), ((64, 40), (6, 3)), ((24, 24), (1, 1))])
def test_discriminator_judges_patches(size, patches):
    assert Discriminator(2)(torch.rand(2, 3, *size)).shape == (2, 1, *patches)


def test_discriminator_has_five_unbiased_convolutions_with_leaky_activations_between_them():
    discriminator = Discriminator(2)
    kinds = [type(layer) for layer in discriminator.layers]
    assert [issubclass(kind, nn.Conv2d) for kind in kinds] == [True, False] * 4 + [True]
    convolutions, activations = discriminator.layers[0::2], discriminator.layers[1::2]
    assert [layer.stride for layer in convolutions] == [(2, 2)] * 3 + [(1, 1)] * 2
    assert all(layer.kernel_size == (4, 4) and layer.padding == (1, 1) for layer in convolutions)
    assert all(layer.bias is None for layer in convolutions)
    assert all(isinstance(layer, nn.LeakyReLU) and layer.negative_slope == 0.2 for layer in activations)


def test_discriminator_gives_logits_not_probabilities():
    discriminator = Discriminator(4).eval()
    image = torch.rand(1, 3, 32, 32)
    # Leaky rectifiers and no biases: the judgement is homogeneous of degree one, as a sigmoid's output is not.
    torch.testing.assert_close(discriminator(100 * image), 100 * discriminator(image), rtol=1e-4, atol=1e-5)


def test_spectral_norm_brings_the_largest_singular_value_of_every_convolution_to_one():
    discriminator = Discriminator(4).train()
    with torch.no_grad():
        for layer in discriminator.layers[0::2]:
            layer.parametrizations.weight.original.mul_(50)
            for _ in range(200):  # each use in training mode is one power iteration
                layer.weight  # noqa: B018
    discriminator.eval()
    for layer in discriminator.layers[0::2]:
        original = torch.linalg.matrix_norm(layer.parametrizations.weight.original.flatten(1), ord=2)
        normalized = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        assert float(original.detach()) > 1.5
        assert float(normalized.detach()) == pytest.approx(1.0, abs=1e-2)


def test_discriminator_does_not_change_in_evaluation():
    discriminator = Discriminator(2).eval()
    before = {key: value.clone() for key, value in discriminator.state_dict().items()}
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(discriminator(image), discriminator(image))
    assert all(torch.equal(value, before[key]) for key, value in discriminator.state_dict().items())


@pytest.mark.parametrize("network", [Generator, partial(Generator, residual="separable"), Discriminator])
def test_gradient_reaches_the_input_and_every_weight(network):
    module = network(4)
    images = torch.rand(2, 3, 32, 32, requires_grad=True)
    module(images).square().mean().backward()
    assert images.grad.abs().sum() > 0
    for name, parameter in module.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        # A bias before an instance norm has no effect, so none of its gradient is left but rounding.
        if not name.endswith("bias"):
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("network", [Generator, Discriminator])
def test_weights_start_narrow_and_biases_at_zero(network):
    module = network(8)
    for name, parameter in module.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any()
        elif parameter.numel() > 1000:
            assert float(parameter.detach().std()) == pytest.approx(0.02, rel=0.1)
            assert abs(float(parameter.detach().mean())) < 0.002


def test_a_network_is_applied_in_the_precision_of_its_weights():
    values = torch.rand(1, 3, 24, 24)
    network = Generator(2, 0).to(torch.bfloat16)
    assert apply(network, values).dtype == torch.bfloat16
