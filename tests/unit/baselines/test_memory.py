# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The memory of MemAE against loops over single numbers."""

import math

import pytest
import torch

from anomalib_scadn.baselines import MemAe
from anomalib_scadn.baselines.mem_ae import MemAeModel
from anomalib_scadn.baselines.memory import Memory, address, addressing_entropy, shrink


def naive_address(query, items):
    def length(vector):
        return math.sqrt(sum(value * value for value in vector))

    similarities = [
        sum(a * b for a, b in zip(query, item, strict=True)) / (length(query) * length(item)) for item in items
    ]
    total = sum(math.exp(value) for value in similarities)
    return [math.exp(value) / total for value in similarities]


def test_addresses_are_softmax_of_cosine_similarities():
    queries, items = torch.randn(4, 5), torch.randn(7, 5)
    expected = torch.tensor([naive_address(query, items.tolist()) for query in queries.tolist()])
    torch.testing.assert_close(address(queries, items), expected)
    torch.testing.assert_close(address(3 * queries, items), expected)  # only directions matter


def test_small_weights_vanish_and_the_others_sum_to_one():
    weights = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]])
    expected = torch.tensor([[0.0, 0.0, 3 / 7, 4 / 7], [0.0, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(shrink(weights, 0.25), expected)


def test_shrunk_weights_are_those_of_the_sources_formula():
    threshold, epsilon = 1 / 2000, 1e-12
    weights = threshold * torch.linspace(0, 2, 2001, dtype=torch.float64)  # the middle one is the threshold
    above = weights - threshold
    formula = above.clamp(min=0) * weights / (above.abs() + epsilon)
    assert (formula > 0).sum() == 1000
    torch.testing.assert_close(shrink(weights, threshold), formula / formula.sum(), rtol=1e-5, atol=0)


def test_weights_just_above_the_threshold_learn_as_the_others():
    threshold = 1 / 2000
    weights = torch.full((2000,), threshold).nextafter(torch.ones(()))  # the least that is above
    weights[1:] = threshold / 2
    weights[1] = 0.4
    weights.requires_grad_()
    values = torch.arange(2000.0)
    read = (shrink(weights, threshold) * values).sum()
    read.backward()
    # The gate's slope is 1 for the first two; the rest is that of a quotient whose divisor is their sum.
    expected = (values - read.detach()) / weights.detach()[:2].sum()
    expected[2:] = 0
    torch.testing.assert_close(weights.grad, expected)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])  # the latter is what autocast's encoder gives
def test_low_precision_does_not_reach_the_addresses(precision):
    memory, features = Memory(16, slots=200), torch.randn(2, 16, 4, 4).to(precision)
    expected = memory(features.float())[1]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = memory(features)[1]
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


def test_a_threshold_of_zero_keeps_all_weights():
    weights = torch.rand(3, 6).softmax(dim=-1)
    torch.testing.assert_close(shrink(weights, 0.0), weights)


def test_entropy_is_the_mean_over_queries():
    weights = torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    assert addressing_entropy(weights).item() == pytest.approx(math.log(2) / 2)


def test_each_location_is_replaced_by_its_own_combination_of_items():
    memory = Memory(5, slots=7)
    assert memory.threshold == 1 / 7
    features = torch.randn(2, 5, 3, 4)
    read, weights = memory(features)
    assert weights.shape == (2, 12, 7)
    items = memory.items.detach()
    for image, row, column in [(0, 0, 0), (1, 2, 1), (0, 1, 3)]:
        plain = naive_address(features[image, :, row, column].tolist(), items.tolist())
        kept = [value if value > 1 / 7 else 0.0 for value in plain]
        used = torch.tensor([value / sum(kept) for value in kept])
        torch.testing.assert_close(weights[image, row * 4 + column], used)
        torch.testing.assert_close(read[image, :, row, column], used @ items)


def test_a_query_without_direction_reads_zeros_and_gradients_stay_finite():
    memory = Memory(5, slots=7)
    features = torch.zeros(1, 5, 2, 2, requires_grad=True)
    read, weights = memory(features)
    assert not read.any()
    (read.sum() + addressing_entropy(weights)).backward()
    assert torch.isfinite(features.grad).all()
    assert torch.isfinite(memory.items.grad).all()


def test_the_defaults_are_the_papers():
    model = MemAeModel((24, 24), base_channels=1)
    assert model.autoencoder.memory.items.shape == (2000, 8)
    assert model.autoencoder.memory.threshold == 1 / 2000
    assert MemAe(image_size=24, base_channels=1).lambda_entropy == 0.0002


def test_the_loss_weighs_the_entropy():
    model = MemAe(image_size=24, base_channels=2, slots=10, lambda_entropy=0.5)
    images = torch.rand(2, 3, 24, 24)
    terms, losses = model._losses(images)
    reconstructions, weights = model.model.remember(images)
    expected = (reconstructions - images).square().mean() + 0.5 * addressing_entropy(weights)
    torch.testing.assert_close(losses["loss"], expected)
    assert set(terms) == {"reconstruction_loss", "entropy"}
    losses["loss"].backward()
    assert all(parameter.grad is not None for parameter in model.model.parameters())
    assert model.model.autoencoder.memory.items.grad.any()


def test_a_weight_can_just_reach_what_a_threshold_must_stay_below():
    queries, items = torch.ones(1, 3), torch.cat([torch.ones(1, 3), -torch.ones(9, 3)])
    highest = address(queries, items).max().item()
    with pytest.raises(ValueError, match="leaves nothing to decode from"):
        Memory(3, slots=10, threshold=highest + 1e-6)
    assert shrink(address(queries, items), Memory(3, slots=10, threshold=highest - 1e-4).threshold).any()


def test_one_slot_without_a_threshold_is_read_by_every_query():
    memory = Memory(5, slots=1, threshold=0.0)
    read, weights = memory(torch.randn(2, 5, 3, 4))
    torch.testing.assert_close(weights, torch.ones(2, 12, 1))
    torch.testing.assert_close(read, memory.items[0][None, :, None, None].expand(2, 5, 3, 4))
