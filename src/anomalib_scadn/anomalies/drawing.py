# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Drawing of synthetic anomalies, one to three in an image: a filling shows through a shape."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from anomalib_scadn.checks import check_count

from .fillings import FILLINGS, Filling, fill
from .shapes import SHAPES, Shape, draw_stencils, uniform

LOWEST_OPACITY = 0.4

VISIBLE = 0.1
"""Opacity from which a pixel counts as anomalous."""


class Anomalies(NamedTuple):
    """Images with synthetic anomalies.

    Attributes:
        images (torch.Tensor): Shape (N, C, H, W), range [0, 1].
        masks (torch.Tensor): M, shape (N, 1, H, W), 1 = normal, 0 = anomalous.
    """

    images: torch.Tensor
    masks: torch.Tensor


def draw_anomalies(
    images: torch.Tensor,
    generator: torch.Generator,
    *,
    shapes: Sequence[Shape] = tuple(SHAPES),
    fillings: Sequence[Filling] = tuple(FILLINGS),
    most: int = 3,
) -> Anomalies:
    """Draw one or several anomalies into each image.

    Args:
        images (torch.Tensor): Normal images, shape (N, C, H, W), range [0, 1].
        generator (torch.Generator): What everything is drawn from, on the CPU.
        shapes (Sequence[str]): Shapes that may come, of ``"blob"``, ``"ellipse"`` and ``"line"``. Defaults to all.
        fillings (Sequence[str]): Fillings that may come, of ``"patch"``, ``"light"``, ``"colour"`` and ``"blur"``.
            Defaults to all.
        most (int): Most anomalies in an image, at least 1. Defaults to ``3``.

    Returns:
        Anomalies: The changed images and where they were changed.

    Raises:
        ValueError: If the images have another shape or no floating-point numbers, a shape or a filling is unknown, or
            there is none, or ``most`` is below 1.
    """
    check_count(1, most=most)
    if images.ndim != 4 or not images.is_floating_point():
        msg = f"images must be floating-point numbers of shape (N, C, H, W), got {images.dtype}, {tuple(images.shape)}"
        raise ValueError(msg)
    _check_kinds("shapes", shapes, SHAPES)
    _check_kinds("fillings", fillings, FILLINGS)
    with torch.autocast(images.device.type, enabled=False):  # places of half precision would make patches blocky
        return _draw(images, generator, shapes, fillings, most)


def _draw(
    images: torch.Tensor, generator: torch.Generator, shapes: Sequence[Shape], fillings: Sequence[Filling], most: int
) -> Anomalies:
    counts = torch.randint(1, most + 1, (len(images),), generator=generator)
    changed, hidden = images.clone(), torch.zeros_like(images[:, :1])
    for turn in range(most):
        chosen = (counts > turn).nonzero()[:, 0]
        shape = _draw_kinds(SHAPES, shapes, len(chosen), generator)
        filling = _draw_kinds(FILLINGS, fillings, len(chosen), generator)
        stencils = draw_stencils(shape, shapes, (images.shape[-2], images.shape[-1]), generator)
        opacity = (stencils * uniform(generator, len(chosen), LOWEST_OPACITY, 1.0, dims=3)).to(images)
        chosen = chosen.to(images.device)
        filled = fill(filling, fillings, images[chosen], images, generator)
        changed[chosen] = changed[chosen].lerp(filled, opacity)
        hidden[chosen] = torch.maximum(hidden[chosen], (opacity > VISIBLE).to(hidden))
    return Anomalies(changed, 1 - hidden)


def _draw_kinds(
    table: Mapping[Any, tuple[float, Callable[..., torch.Tensor]]],
    names: Sequence[Any],
    count: int,
    generator: torch.Generator,
) -> torch.Tensor:
    """Draw the index of a kind among the names for each image, as often as the table says."""
    weights = torch.tensor([table[name][0] for name in names])
    return torch.multinomial(weights.expand(max(1, count), -1), 1, generator=generator)[:count, 0]


def _check_kinds(argument: str, names: Sequence[Any], known: Mapping[Any, Any]) -> None:
    if isinstance(names, str) or not names or not set(names) <= set(known):
        msg = f"{argument} must be some of {', '.join(known)}, got {names!r}"
        raise ValueError(msg)
