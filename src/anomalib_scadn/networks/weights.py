# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Initial weights, and application of a network in the precision of its weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


def apply(network: nn.Module, values: torch.Tensor) -> torch.Tensor:
    """Apply a network in the precision of its weights.

    Args:
        network (nn.Module): Network with parameters.
        values (torch.Tensor): Its input, of any floating-point type.

    Returns:
        torch.Tensor: Its output, in the weights' type.
    """
    return network(values.to(next(network.parameters()).dtype))


@contextmanager
def initial_weights(seed: int | None) -> Iterator[None]:
    """Draw what is drawn inside, say the initial weights of networks, by a seed of its own.

    Args:
        seed (int | None): Seed; ``None`` draws from torch's global generator.

    Yields:
        None: Afterwards the global generator is as it was, unless ``seed`` is ``None``.
    """
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # the CPU's alone, which the weights are drawn from
        yield


def init_weights(network: nn.Module, std: float = 0.02) -> None:
    """Draw weights from N(0, std), set biases to 0 (authors' code; the paper is silent)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0.0, std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
