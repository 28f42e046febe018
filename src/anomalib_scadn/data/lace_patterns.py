# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Lace patterns by number: which net, which motif, how far apart.

All lengths are fractions of the image side, so a pattern looks the same at every image size. A mesh is at least a
tenth of the side wide: 12 pixels of an image of 128, which a small network can still paint.
"""

from dataclasses import dataclass, replace

import numpy as np

from .lace_motifs import MOTIFS
from .lace_strokes import Points, Stroke, move_all

_MARGIN = 0.04
_PHASE_JITTER = 0.003
_WARP = 0.003


@dataclass(frozen=True)
class Pattern:
    """What all images of one lace pattern share.

    Args:
        mesh (str): ``"diamond"``, ``"hexagon"`` or ``"square"``.
        mesh_width (float): Width of one mesh, in fractions of the image side.
        thread_width (float): Width of a net thread, in fractions of the image side.
        motif (str): A name in :data:`anomalib_scadn.data.lace_motifs.MOTIFS`.
        motif_radius (float): Radius of a motif, in fractions of the image side.
        spacing (tuple[float, float]): Distance between motifs in x and y, in fractions of the image side.
        stagger (float): Shift of every second row of motifs, in fractions of the distance in x.
        ground (tuple[float, float, float]): RGB of the cloth behind the lace, range [0, 1].
        thread (tuple[float, float, float]): RGB of the thread, range [0, 1].
    """

    mesh: str
    mesh_width: float
    thread_width: float
    motif: str
    motif_radius: float
    spacing: tuple[float, float]
    stagger: float
    ground: tuple[float, float, float]
    thread: tuple[float, float, float]


PATTERNS: dict[int, Pattern] = {
    1: Pattern("diamond", 1 / 8, 0.021, "flower", 0.115, (1 / 2, 1 / 4), 0.5, (0.13, 0.14, 0.20), (0.93, 0.91, 0.86)),
    2: Pattern("hexagon", 0.10, 0.019, "leaves", 0.120, (3 / 8, 5 / 16), 0.5, (0.17, 0.10, 0.11), (0.95, 0.92, 0.85)),
    3: Pattern("square", 1 / 9, 0.020, "dot", 0.085, (1 / 3, 1 / 3), 0.0, (0.10, 0.17, 0.13), (0.90, 0.91, 0.90)),
    4: Pattern("hexagon", 0.12, 0.019, "scallop", 0.115, (1 / 4, 1 / 3), 0.5, (0.15, 0.13, 0.10), (0.94, 0.93, 0.92)),
}
"""Pattern number to pattern."""


@dataclass(frozen=True)
class Scene:
    """One piece of lace, before it becomes pixels.

    Args:
        pattern (Pattern): What the lace follows.
        net (Points): Net threads from knot to knot, shape (N, 2, 2): thread, end, (x, y).
        motifs (tuple[tuple[Stroke, ...], ...]): Motifs, each in painting order; they lie over the net.
        centres (Points): Centres of the motifs, shape (M, 2).
    """

    pattern: Pattern
    net: Points
    motifs: tuple[tuple[Stroke, ...], ...]
    centres: Points

    def strokes(self) -> list[Stroke]:
        """List everything to paint, from the bottom up.

        Returns:
            list[Stroke]: Each net thread twice, wide and dark, then narrow and bright, so that it looks round.
        """
        width = self.pattern.thread_width
        net = [Stroke(self.net, 0.55, width), Stroke(self.net, 0.85, 0.5 * width)]
        return [*net, *(stroke for motif in self.motifs for stroke in motif)]


def make_scene(number: int, rng: np.random.Generator) -> Scene:
    """Lay out one piece of lace: the fixed pattern, slightly shifted and stretched.

    Args:
        number (int): Pattern number, a key of :data:`PATTERNS`.
        rng (np.random.Generator): Source of the shift and the stretch.

    Returns:
        Scene: Covers the image and a margin around it.

    Raises:
        ValueError: If there is no such pattern.
    """
    pattern = find_pattern_style(number)
    centres = _motif_centres(pattern)
    phase = rng.uniform(-_PHASE_JITTER, _PHASE_JITTER, size=2)
    waves = rng.uniform(0, 2 * np.pi, size=4)

    def move(points: Points) -> Points:
        x, y = points[..., 0], points[..., 1]
        shift_x = np.sin(2 * np.pi * y + waves[0]) + np.sin(3 * np.pi * x + waves[1])
        shift_y = np.sin(2 * np.pi * x + waves[2]) + np.sin(3 * np.pi * y + waves[3])
        return points + phase + 0.5 * _WARP * np.stack([shift_x, shift_y], axis=-1)

    origin = MOTIFS[pattern.motif](pattern.motif_radius)

    def place(centre: Points) -> tuple[Stroke, ...]:
        return tuple(move_all(origin, lambda points: move(points + centre)))

    return Scene(pattern, move(_net(pattern)), tuple(map(place, centres)), move(centres))


def find_pattern_style(number: int) -> Pattern:
    """Look up a pattern.

    Args:
        number (int): Pattern number, a key of :data:`PATTERNS`.

    Returns:
        Pattern: The pattern of that number.

    Raises:
        ValueError: If there is no such pattern.
    """
    if number not in PATTERNS:
        msg = f"unknown lace pattern {number!r}: expected one of {', '.join(map(str, PATTERNS))}"
        raise ValueError(msg)
    return PATTERNS[number]


def without_motif(scene: Scene, index: int) -> Scene:
    """Leave out one motif, so that the bare net shows.

    Args:
        scene (Scene): A piece of lace.
        index (int): Which motif, from 0.

    Returns:
        Scene: The same lace with one motif fewer.
    """
    motifs = scene.motifs[:index] + scene.motifs[index + 1 :]
    return replace(scene, motifs=motifs, centres=np.delete(scene.centres, index, axis=0))


def _motif_centres(pattern: Pattern) -> Points:
    # Half a step away from the corner, so that the first motif is not cut.
    grid = _grid(pattern.spacing, pattern.stagger) + 0.5 * np.array(pattern.spacing)
    return _near_image(grid, 1.3 * pattern.motif_radius)


def _grid(step: tuple[float, float], stagger: float) -> Points:
    """List grid points in and around the image, every second row shifted by ``stagger`` steps."""
    rows, columns = (np.arange(-3, int(1 / length) + 3) for length in (step[1], step[0]))
    row, column = (index.ravel() for index in np.meshgrid(rows, columns, indexing="ij"))
    return np.stack([(column + stagger * (row % 2)) * step[0], row * step[1]], axis=-1)


def _near_image(points: Points, reach: float) -> Points:
    """Drop what cannot be seen, even when it is shifted a little."""
    return points[((points > -reach - _MARGIN) & (points < 1 + reach + _MARGIN)).all(axis=-1)]


def _net(pattern: Pattern) -> Points:
    width = pattern.mesh_width
    if pattern.mesh == "hexagon":
        side = width / np.sqrt(3)
        knots = _grid((width, 1.5 * side), 0.5)
        threads = [[[0, 0], [0, side]], [[0, side], [width / 2, 1.5 * side]], [[0, side], [-width / 2, 1.5 * side]]]
    elif pattern.mesh == "diamond":
        knots = _grid((width, width / 2), 0.5)
        threads = [[[0, 0], [width / 2, width / 2]], [[0, 0], [-width / 2, width / 2]]]
    else:
        knots = _grid((width, width), 0.0)
        threads = [[[0, 0], [width, 0]], [[0, 0], [0, width]]]
    knots = _near_image(knots, width)
    return (knots[:, None, None, :] + np.array(threads, dtype=np.float64)[None]).reshape(-1, 2, 2)
