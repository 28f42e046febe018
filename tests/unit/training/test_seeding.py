# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Randomness is a function of seed, epoch and process."""

import os
import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from anomalib_scadn.networks import initial_weights
from anomalib_scadn.training.run import start_epoch


@pytest.fixture(autouse=True, scope="module")
def _restored():
    """Give the global generators and Lightning's environment variables back as they were."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    environment = dict(os.environ)
    yield
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    torch.set_rng_state(states[2])


def global_draws():
    """What the three global generators draw next."""
    return (
        torch.rand(3).tolist(),
        np.random.rand(3).tolist(),  # noqa: NPY002
        [random.random() for _ in range(3)],  # noqa: S311
    )


def draws(seed, epoch, rank=0):
    """Global draws and mask draws of an epoch."""
    masks = start_epoch(seed, epoch, rank)
    return global_draws(), torch.randint(12, (16,), generator=masks).tolist()


SEEDS = st.integers(0, 2**40)


@given(SEEDS, st.integers(0, 1000), st.integers(0, 7))
def test_epoch_draws_the_same_numbers_whatever_was_drawn_before(seed, epoch, rank):
    first = draws(seed, epoch, rank)
    draws(seed + 1, epoch + 3)
    torch.rand(5)
    assert draws(seed, epoch, rank) == first


def assert_all_differ(first, second):
    (first_torch, first_numpy, first_python), first_masks = first
    (second_torch, second_numpy, second_python), second_masks = second
    assert first_torch != second_torch
    assert first_numpy != second_numpy
    assert first_python != second_python
    assert first_masks != second_masks


@given(SEEDS, st.integers(0, 1000))
def test_every_generator_draws_other_numbers_in_another_epoch(seed, epoch):
    assert_all_differ(draws(seed, epoch), draws(seed, epoch + 1))


@given(SEEDS, st.integers(0, 1000))
def test_every_generator_draws_other_numbers_from_another_seed(seed, epoch):
    assert_all_differ(draws(seed, epoch), draws(seed + 1, epoch))


@given(SEEDS, SEEDS)
def test_seed_and_epoch_are_not_interchangeable(seed, epoch):
    if seed != epoch:
        assert_all_differ(draws(seed, epoch), draws(epoch, seed))


@given(SEEDS, st.integers(0, 1000), st.integers(0, 6))
def test_processes_share_the_global_draws_but_not_the_mask_draws(seed, epoch, rank):
    (shared, masks), (other_shared, other_masks) = draws(seed, epoch, rank), draws(seed, epoch, rank + 1)
    assert shared == other_shared
    assert masks != other_masks


def test_mask_draws_do_not_disturb_the_global_generators_nor_the_reverse():
    undisturbed, masks = draws(5, 2)
    generator = start_epoch(5, 2)
    assert torch.randint(12, (16,), generator=generator).tolist() == masks
    assert global_draws() == undisturbed
    generator = start_epoch(5, 2)
    global_draws()
    assert torch.randint(12, (16,), generator=generator).tolist() == masks


def test_masks_are_drawn_apart_from_the_global_generator():
    generator = start_epoch(5, 2)
    assert torch.rand(4, generator=generator).tolist() != torch.rand(4).tolist()
    assert generator.device.type == "cpu"


def test_first_process_is_the_default():
    assert draws(3, 1) == draws(3, 1, rank=0)


def test_all_mask_numbers_are_drawn_alike():
    counts = torch.bincount(torch.randint(12, (12_000,), generator=start_epoch(0, 0)), minlength=12)
    assert counts.min() > 850
    assert counts.max() < 1150


def test_initial_weights_leave_the_global_generator_alone_unless_it_is_asked_for():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with initial_weights(9):
        first = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with initial_weights(9):
        assert torch.equal(torch.rand(3), first)
    torch.manual_seed(5)
    with initial_weights(None):
        assert torch.equal(torch.rand(3), expected)
