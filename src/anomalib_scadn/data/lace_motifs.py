# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Motifs of lace: flower, leaves, dot and scallop, each filled with dense thread inside a bright cord."""

from collections.abc import Callable, Sequence

import numpy as np

from .lace_strokes import Points, Stroke

_FILL = 0.60
_HATCH = 0.80
_CORD = 1.0
_HATCH_WIDTH = 0.009
_HATCH_STEP = 0.016
_CORD_WIDTH = 0.016


def _flower(radius: float) -> list[Stroke]:
    """Draw six petals around a ring."""
    strokes: list[Stroke] = []
    for angle in np.arange(6) * np.pi / 3 + np.pi / 6:
        direction = np.array([np.cos(angle), np.sin(angle)])
        strokes += _blade(0.2 * radius * direction, radius * direction, 0.27 * radius, skew=1.5)
    return [*strokes, *_disc(0.24 * radius)]


def _leaves(radius: float) -> list[Stroke]:
    """Draw a twig: a stem with one leaf at its tip and two pairs along it."""
    foot, bend, tip, top = radius * np.array([[-0.25, 1.0], [0.05, 0.35], [0.1, -0.25], [0.3, -1.05]])
    strokes = [_line([foot, bend, tip]), *_blade(tip, top, 0.24 * radius)]
    for height, reach in ((0.6, 0.78), (0.1, 0.72)):
        base = tip + height * (foot - tip)
        for side in (-1.0, 1.0):
            strokes += _blade(base, base + radius * np.array([side * reach, -0.42]), 0.21 * radius)
    return strokes


def _dot(radius: float) -> list[Stroke]:
    """Draw a filled disc inside a second ring."""
    background = Stroke(_circle(radius)[None], 0.45, filled=True)
    return [background, _line(_circle(radius), closed=True), *_disc(0.62 * radius)]


def _scallop(radius: float) -> list[Stroke]:
    """Draw a fan that opens downwards: radial threads between two arcs, with small loops along the outer one."""
    angles = np.linspace(0, np.pi, 25)
    rays = radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    outline = np.concatenate([rays, 0.3 * rays[::-1]])
    loops = 1.12 * rays[3:-1:6, None] + _circle(0.1 * radius)
    return [
        Stroke(outline[None], _FILL, filled=True),
        Stroke(np.stack([0.3 * rays[1:-1:2], rays[1:-1:2]], axis=1), _HATCH, _HATCH_WIDTH),
        _line(0.66 * rays),
        _line(outline, closed=True),
        Stroke(loops, _CORD, 0.7 * _CORD_WIDTH, closed=True),
    ]


MOTIFS: dict[str, Callable[[float], list[Stroke]]] = {
    "flower": _flower,
    "leaves": _leaves,
    "dot": _dot,
    "scallop": _scallop,
}
"""Motif name to the function that draws it.

Each takes the motif's reach from the centre in fractions of the image side (half the length of a twig, the radius of
an outer ring or arc), and gives strokes around (0, 0) in painting order. The sides of a scallop meet in (0, 0).
"""


def _line(points: Sequence[Points] | Points, closed: bool = False) -> Stroke:
    return Stroke(np.asarray(points)[None], _CORD, _CORD_WIDTH, closed)


def _circle(radius: float) -> Points:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _disc(radius: float) -> list[Stroke]:
    offsets = np.arange(-radius, radius, _HATCH_STEP)[1:]
    halves = np.sqrt(radius**2 - offsets**2)
    chords = np.stack([np.stack([offsets, -halves], axis=-1), np.stack([offsets, halves], axis=-1)], axis=1)
    fill = Stroke(_circle(radius)[None], _FILL, filled=True)
    return [fill, Stroke(chords, _HATCH, _HATCH_WIDTH), _line(_circle(radius), closed=True)]


def _blade(base: Points, tip: Points, half_width: float, skew: float = 1.0) -> list[Stroke]:
    """Draw a petal or a leaf; a skew over 1 moves its widest place towards the tip."""
    axis = tip - base
    length = float(np.hypot(axis[0], axis[1]))
    across = np.array([-axis[1], axis[0]]) / length

    def edge(position: Points, side: int) -> Points:
        offset = side * half_width * np.sin(np.pi * position**skew)
        return base + position[:, None] * axis + offset[:, None] * across

    along = np.linspace(0, 1, 14)
    outline = np.concatenate([edge(along, 1), edge(along[::-1], -1)])
    steps = np.linspace(0, 1, max(3, round(length / _HATCH_STEP)))[1:-1]
    hatch = Stroke(np.stack([edge(steps, 1), edge(steps, -1)], axis=1), _HATCH, _HATCH_WIDTH)
    return [Stroke(outline[None], _FILL, filled=True), hatch, _line(outline, closed=True)]
