# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Networks for inference, without spectral norm, which can be neither pickled nor traced, and those that only train."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy

from torch import nn
from torch.nn.utils import parametrize

from anomalib_scadn.networks import BlockConv2d, ResizeConv2d

from .upsampling import with_subpixel_convolutions


def with_plain_weights(network: nn.Module) -> nn.Module:
    """Copy a network with its spectral norm worked into the weights: it computes the same, learns no more.

    Args:
        network (nn.Module): Any network.

    Returns:
        nn.Module: A copy in evaluation mode that can be pickled and exported.
    """
    plain = deepcopy(network).eval()
    for module in list(plain.modules()):
        if isinstance(module, nn.Conv2d) and parametrize.is_parametrized(module, "weight"):
            weight = module.weight.detach()
            # Not remove_parametrizations: that changes the class, which the original shares with its copy.
            module.__class__ = nn.Conv2d
            del module.parametrizations
            module.weight = nn.Parameter(weight)
    return plain


@contextmanager
def for_inference(model: nn.Module, training_only: Sequence[str]) -> Iterator[None]:
    """Leave a model with what inference needs, in a form that can be exported, for as long as it is exported.

    Args:
        model (nn.Module): The model.
        training_only (Sequence[str]): Names of its networks that inference has no use for.

    Yields:
        None: Afterwards all networks are back as they were.
    """
    networks = dict(model.named_children())
    try:
        for name, network in networks.items():
            if name in training_only:
                setattr(model, name, None)
            elif any(parametrize.is_parametrized(module) for module in network.modules()):
                setattr(model, name, with_plain_weights(network))
            elif any(isinstance(module, ResizeConv2d | BlockConv2d) for module in network.modules()):
                setattr(model, name, with_subpixel_convolutions(network))
        yield
    finally:
        for name, network in networks.items():
            setattr(model, name, network)
