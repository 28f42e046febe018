# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Shapes of anomalies: stencils of blobs, ellipses and bent lines.

A shape is a function of coordinates (u, v) around its centre, turned by a random angle. It gives the distance to its
outline in pixels, about, positive inside. All lengths are in pixels of an image whose shorter side has 128; other sizes
are scaled.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch.nn import functional as F  # noqa: N812

Shape = Literal["blob", "ellipse", "line"]

UNIT_SIDE = 128
"""Pixels of the shorter side that all lengths are given for."""

SMALLEST_RADIUS, LARGEST_RADIUS = 3.0, 28.0
SHORTEST_LINE, LONGEST_LINE = 8.0, 64.0
THINNEST_LINE, THICKEST_LINE = 1.0, 6.0
SOFTEST_EDGE = 3.0
SOFT_SHARE = 0.5
"""Share of the shapes whose edge is soft."""

NOISE_CELLS = 12
"""Random values across the image that a blob's noise is interpolated from. anomalib's Perlin noise draws from torch's
global generator, so it would not follow a run's seed."""


def uniform(generator: torch.Generator, count: int, low: float, high: float, dims: int = 2) -> torch.Tensor:
    """Draw numbers that are equally likely within limits.

    Args:
        generator (torch.Generator): On the CPU.
        count (int): N, how many.
        low (float): Lower limit.
        high (float): Upper limit.
        dims (int): Further dimensions of length 1. Defaults to ``2``.

    Returns:
        torch.Tensor: Shape (N, 1, ...), float32 on the CPU.
    """
    return torch.rand(count, *[1] * dims, generator=generator) * (high - low) + low


def log_uniform(generator: torch.Generator, count: int, low: float, high: float, dims: int = 2) -> torch.Tensor:
    """Draw numbers whose logarithms are equally likely. See :func:`uniform`; the limits are positive."""
    return uniform(generator, count, math.log(low), math.log(high), dims).exp()


def ellipse(u: torch.Tensor, v: torch.Tensor, unit: float, generator: torch.Generator) -> torch.Tensor:
    """An ellipse: a stain, a hole, a droplet.

    Args:
        u (torch.Tensor): First coordinate in pixels, shape (N, H, W).
        v (torch.Tensor): Second coordinate, likewise.
        unit (float): Pixels that one pixel of a side of :data:`UNIT_SIDE` becomes.
        generator (torch.Generator): On the CPU.

    Returns:
        torch.Tensor: About the distance to the outline in pixels, positive inside, shape (N, H, W).
    """
    radius = unit * log_uniform(generator, len(u), SMALLEST_RADIUS, LARGEST_RADIUS)
    narrow = radius * uniform(generator, len(u), 0.4, 1.0)
    radius, narrow = radius.to(u), narrow.to(u)
    return narrow * (1 - torch.hypot(u / radius, v / narrow))


def blob(u: torch.Tensor, v: torch.Tensor, unit: float, generator: torch.Generator) -> torch.Tensor:
    """Smooth noise above a threshold within a disc: a spot of any outline, perhaps in pieces. See :func:`ellipse`."""
    radius = 1.5 * unit * log_uniform(generator, len(u), SMALLEST_RADIUS, LARGEST_RADIUS).to(u)
    coarse = torch.randn(len(u), 1, NOISE_CELLS, NOISE_CELLS, generator=generator).to(u)
    noise = F.interpolate(coarse, size=u.shape[-2:], mode="bicubic", align_corners=False)[:, 0]
    cell = min(u.shape[-2:]) / NOISE_CELLS
    return torch.minimum(cell * (noise + 0.25), radius - torch.hypot(u, v))


def line(u: torch.Tensor, v: torch.Tensor, unit: float, generator: torch.Generator) -> torch.Tensor:
    """A bent line: a scratch, a crack, a thread. See :func:`ellipse`."""
    half_length = unit * log_uniform(generator, len(u), SHORTEST_LINE, LONGEST_LINE).to(u)
    half_width = unit * uniform(generator, len(u), THINNEST_LINE, THICKEST_LINE).to(u) / 2
    bend = uniform(generator, len(u), -0.5, 0.5).to(u)
    wave = unit * uniform(generator, len(u), 0.0, 6.0).to(u)
    turn = u / half_length
    middle = half_length * bend * turn.square() + wave * torch.sin(math.pi * turn)
    return torch.minimum(half_width - (v - middle).abs(), half_length - u.abs())


SHAPES: dict[Shape, tuple[float, Callable[..., torch.Tensor]]] = {
    "blob": (0.45, blob),
    "ellipse": (0.25, ellipse),
    "line": (0.30, line),
}
"""How often each shape is drawn, and its function."""


def draw_stencils(
    kinds: torch.Tensor, names: Sequence[Shape], size: tuple[int, int], generator: torch.Generator
) -> torch.Tensor:
    """Draw a shape at a random place for each image.

    Args:
        kinds (torch.Tensor): Index of each image's shape among the names, shape (N,), on the CPU.
        names (Sequence[str]): Shapes.
        size (tuple[int, int]): Height and width in pixels.
        generator (torch.Generator): On the CPU.

    Returns:
        torch.Tensor: Opacity, shape (N, 1, H, W), range [0, 1], on the CPU. A few are 0 everywhere: shapes beyond the
            border, noise that stays below its threshold.
    """
    count, unit = len(kinds), min(size) / UNIT_SIDE
    angle = uniform(generator, count, 0.0, 2 * math.pi)
    down = torch.arange(size[0])[:, None] + 0.5 - size[0] * uniform(generator, count, 0.0, 1.0)
    right = torch.arange(size[1]) + 0.5 - size[1] * uniform(generator, count, 0.0, 1.0)
    u = right * angle.cos() + down * angle.sin()
    v = down * angle.cos() - right * angle.sin()
    distance = torch.empty(count, *size)
    for index, name in enumerate(names):
        chosen = (kinds == index).nonzero()[:, 0]
        if len(chosen):
            distance[chosen] = SHAPES[name][1](u[chosen], v[chosen], unit, generator)
    soft = uniform(generator, count, 0.0, 1.0) < SOFT_SHARE
    edge = torch.where(soft, (unit * uniform(generator, count, 1.0, SOFTEST_EDGE)).clamp(min=1.0), 0.5)
    return (distance / (2 * edge) + 0.5).clamp(0, 1).unsqueeze(1)
