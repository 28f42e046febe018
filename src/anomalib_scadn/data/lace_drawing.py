# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Drawn lace: light thread on dark cloth, as a camera would see it.

A picture is made in three steps: lay out the lace (:mod:`anomalib_scadn.data.lace_patterns`), colour it, photograph
it (uneven light, sensor noise). Pictures of one pattern differ in a small shift, a small stretch, the light and the
noise; the pattern itself is fixed by its number.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from .lace_patterns import Pattern, Scene, make_scene
from .lace_strokes import Image, Stroke, paint

MIN_SIZE = 32
"""Smallest side in pixels at which a mesh is still more than a blur."""

_LIGHT_DRIFT = 0.02
_NOISE = 0.012


def draw_lace(pattern: int, size: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw one picture of flawless lace.

    Args:
        pattern (int): Pattern number, a key of :data:`anomalib_scadn.data.lace_patterns.PATTERNS`.
        size (int): Side of the square picture in pixels, at least 32.
        rng (np.random.Generator): Source of all that varies.

    Returns:
        npt.NDArray[np.uint8]: Shape (size, size, 3), RGB, range [0, 255].

    Raises:
        ValueError: If there is no such pattern or the size is too small.

    Example:
        >>> draw_lace(1, 128, np.random.default_rng(0)).shape
        (128, 128, 3)
    """
    check_side(size)
    layout, camera, _ = rng.spawn(3)
    return photograph(colour(make_scene(pattern, layout), size), camera)


def check_side(size: int) -> None:
    """Raise unless lace can be drawn at this size.

    Args:
        size (int): Side of the square picture in pixels.

    Raises:
        ValueError: If it is under 32.
    """
    if size < MIN_SIZE:
        msg = f"lace must be drawn at {MIN_SIZE} pixels or more, or its meshes blur, got {size}"
        raise ValueError(msg)


def colour(scene: Scene, size: int, extra: Sequence[Stroke] = ()) -> Image:
    """Paint a piece of lace in its colours, evenly lit.

    Args:
        scene (Scene): The lace.
        size (int): Side of the square picture in pixels.
        extra (Sequence[Stroke]): Painted over the lace, in thread colour. Defaults to nothing.

    Returns:
        Image: Shape (size, size, 3), RGB, range [0, 1].
    """
    amount = paint([*scene.strokes(), *extra], size)[..., None]
    ground, thread = _colours(scene.pattern)
    return ground + (thread - ground) * amount


def photograph(lit_evenly: Image, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Add uneven light and sensor noise, and round to bytes.

    Args:
        lit_evenly (Image): Shape (H, W, 3), RGB, range [0, 1].
        rng (np.random.Generator): Source of the light and the noise.

    Returns:
        npt.NDArray[np.uint8]: Shape (H, W, 3), RGB, range [0, 255].
    """
    height, width = lit_evenly.shape[:2]
    # A plane and a bump: corners of a small grid, smoothly enlarged.
    corners = rng.uniform(-_LIGHT_DRIFT, _LIGHT_DRIFT, size=(3, 3)).astype(np.float32)
    gain = 1 + cv2.resize(corners, (width, height), interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, _NOISE, size=lit_evenly.shape).astype(np.float32)
    seen = np.clip(lit_evenly * gain[..., None] + noise, 0, 1)
    return np.rint(seen * 255).astype(np.uint8)


def _colours(pattern: Pattern) -> tuple[Image, Image]:
    return np.array(pattern.ground, dtype=np.float32), np.array(pattern.thread, dtype=np.float32)
