# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Defects of drawn lace, with exact masks.

A defect changes the lace before it is photographed. A pixel is anomalous exactly when the defect changed one of its
colours by more than :data:`VISIBLE`, under even light and without noise. With the same generator, a picture with a
defect is the picture of :func:`anomalib_scadn.data.lace_drawing.draw_lace` apart from the defect.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .lace_drawing import check_side, colour, photograph
from .lace_patterns import Scene, make_scene, without_motif
from .lace_strokes import Image, Points, Stroke, paint

VISIBLE = 0.06
"""Change of a colour, range [0, 1], above which a pixel is anomalous: five times the noise of the camera."""

AREA = (0.012, 0.06)
"""Least and greatest share of the image that a defect should change."""

_TRIES = 12
_LOOSE = 0.75
_STAINS = ((0.55, 0.30, 0.08), (0.62, 0.14, 0.12), (0.20, 0.30, 0.62))
_FIBRES = ((0.02, 0.02, 0.02), (0.80, 0.10, 0.10), (0.08, 0.20, 0.80), (0.05, 0.50, 0.15))


def draw_defect(
    pattern: int, kind: str, size: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Draw one picture of lace with a defect.

    Args:
        pattern (int): Pattern number, a key of :data:`anomalib_scadn.data.lace_patterns.PATTERNS`.
        kind (str): Kind of defect, a key of :data:`DEFECTS`.
        size (int): Side of the square picture in pixels, at least 32.
        rng (np.random.Generator): Source of all that varies.

    Returns:
        tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]: Picture of shape (size, size, 3), RGB, range [0, 255];
            mask of shape (size, size), True = anomalous.

    Raises:
        ValueError: If there is no such pattern or kind, or the size is too small.

    Example:
        >>> picture, mask = draw_defect(1, "hole", 128, np.random.default_rng(0))
        >>> picture.shape, mask.shape
        ((128, 128, 3), (128, 128))
    """
    if kind not in DEFECTS:
        msg = f"unknown defect {kind!r}: expected one of {', '.join(DEFECTS)}"
        raise ValueError(msg)
    check_side(size)
    layout, camera, chance = rng.spawn(3)
    scene = make_scene(pattern, layout)
    clean = colour(scene, size)
    flawed, mask = clean, np.zeros((size, size), dtype=np.bool_)
    # A place may show little of the defect (a broken thread under a flower): then take the best of some tries.
    for _ in range(_TRIES):
        attempt = DEFECTS[kind](scene, size, chance)
        changed = (np.abs(attempt - clean) > VISIBLE).any(axis=-1)
        if _misfit(changed) < _misfit(mask):
            flawed, mask = attempt, changed
        if not _misfit(mask):
            break
    return photograph(flawed, camera), mask


def _hole(scene: Scene, size: int, rng: np.random.Generator) -> Image:
    """Tear all threads out of a patch; loose ends hang into it."""
    centre, radius = _place(rng, 0.15), rng.uniform(0.11, 0.15)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    wobble = 1 + 0.12 * np.sin(3 * angles + rng.uniform(0, 6)) + rng.uniform(-0.08, 0.08, size=angles.shape)
    outline = centre + radius * wobble[:, None] * _direction(angles)
    starts = outline[rng.permutation(len(angles))[:9]]
    inward = rng.uniform(0.2, 0.45, size=(9, 1)) * (centre - starts)
    sideways = rng.uniform(-0.5, 0.5, size=(9, 1)) * inward[:, ::-1] * np.array([1.0, -1.0])
    ends = np.stack([starts, starts + 0.6 * inward, starts + inward + sideways], axis=1)
    width = 0.6 * scene.pattern.thread_width
    return colour(scene, size, [Stroke(outline[None], 0.0, filled=True), Stroke(ends, _LOOSE, width)])


def _broken_thread(scene: Scene, size: int, rng: np.random.Generator) -> Image:
    """Cut the net threads along a run; stubs are left, and a pulled thread lies loosely along the run."""
    along = _direction(rng.uniform(0, np.pi))
    across = np.array([-along[1], along[0]])
    centre, half_length = _place(rng, 0.3), rng.uniform(0.27, 0.35)
    offsets = scene.net.mean(axis=1) - centre
    cut = (np.abs(offsets @ along) < half_length) & (np.abs(offsets @ across) < 0.9 * scene.pattern.mesh_width)
    first, last = scene.net[cut, 0], scene.net[cut, 1]
    stubs = np.concatenate([np.stack([end, end + 0.15 * way], axis=1) for end, way in _both_ends(first, last)])
    run = np.linspace(-half_length, half_length, 30)
    sway = 0.25 * scene.pattern.mesh_width * np.sin(run * rng.uniform(25, 40) + rng.uniform(0, 6))
    pulled = centre + run[:, None] * along + sway[:, None] * across
    net = np.concatenate([scene.net[~cut], stubs])
    # The pulled thread is part of the net's level, so motifs stay on top of it.
    torn = replace(scene, net=net, motifs=((Stroke(pulled[None], _LOOSE, 0.010),), *scene.motifs))
    return colour(torn, size)


def _missing_motif(scene: Scene, size: int, rng: np.random.Generator) -> Image:
    """Leave out one whole motif; the bare net shows."""
    inside = ((scene.centres > 0.05) & (scene.centres < 0.95)).all(axis=-1)
    return colour(without_motif(scene, int(rng.choice(np.flatnonzero(inside)))), size)


def _stain(scene: Scene, size: int, rng: np.random.Generator) -> Image:
    """Spill a coloured drop with soft edges over lace and ground."""
    centre, radius = _place(rng, 0.12), rng.uniform(0.10, 0.13)
    hue = np.array(_STAINS[rng.integers(len(_STAINS))], dtype=np.float32)
    phase = rng.uniform(0, 2 * np.pi, size=2)
    y, x = (np.mgrid[:size, :size] + 0.5) / size - centre[::-1, None, None]
    angle = np.arctan2(y, x)
    reach = radius * (1 + 0.15 * np.sin(2 * angle + phase[0]) + 0.08 * np.sin(5 * angle + phase[1]))
    # Strong inside, gone 1.3 radii from the centre.
    strength = 0.95 * np.clip((1.3 - np.hypot(x, y) / reach) / 0.7, 0, 1)[..., None]
    return (colour(scene, size) * (1 - strength) + hue * strength).astype(np.float32)


def _foreign_fibre(scene: Scene, size: int, rng: np.random.Generator) -> Image:
    """Lay a curved fibre, dark or coloured, over the lace."""
    along = _direction(rng.uniform(0, 2 * np.pi))
    across = np.array([-along[1], along[0]])
    half_length, bend = rng.uniform(0.28, 0.38), rng.uniform(0.05, 0.13) * rng.choice([-1.0, 1.0])
    run = np.linspace(-1, 1, 40)[:, None]
    wave = bend * (1 - 2 * run**2) + 0.04 * np.sin(5 * run + rng.uniform(0, 6))
    curve = _place(rng, 0.3) + half_length * run * along + wave * across
    hue = np.array(_FIBRES[rng.integers(len(_FIBRES))], dtype=np.float32)
    cover = paint([Stroke(curve[None], 1.0, rng.uniform(0.028, 0.036))], size)[..., None]
    return colour(scene, size) * (1 - cover) + hue * cover


DEFECTS: dict[str, Callable[[Scene, int, np.random.Generator], Image]] = {
    "broken_thread": _broken_thread,
    "foreign_fibre": _foreign_fibre,
    "hole": _hole,
    "missing_motif": _missing_motif,
    "stain": _stain,
}
"""Kind of defect to the function that draws it.

Each takes flawless lace, the side of the square picture in pixels and the source of all that varies, and gives the
evenly lit picture with the defect, shape (size, size, 3), RGB, range [0, 1].
"""


def _misfit(mask: npt.NDArray[np.bool_]) -> float:
    share = float(mask.mean())
    return max(AREA[0] - share, share - AREA[1], 0.0)


def _place(rng: np.random.Generator, border: float) -> Points:
    return rng.uniform(border, 1 - border, size=2)


def _direction(angle: float | npt.NDArray[np.float64]) -> Points:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _both_ends(first: Points, last: Points) -> list[tuple[Points, Points]]:
    return [(first, last - first), (last, first - last)]
