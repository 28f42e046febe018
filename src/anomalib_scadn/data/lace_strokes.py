# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Strokes: lines and filled outlines in fractions of the image, and how they become pixels.

Everything is drawn several times too large and scaled down by area, so that a thread two pixels wide still has soft
edges and moves by fractions of a pixel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Shape (..., 2), x to the right and y down, in fractions of the image side; [0, 1] is inside."""

Image = npt.NDArray[np.float32]
"""Shape (H, W) or (H, W, 3) in RGB order, range [0, 1]."""

_SUBPIXEL_BITS = 4
_SOFT_EDGES = 2.6
"""Pixels by which OpenCV's smoothed lines are wider than asked for (measured)."""


@dataclass(frozen=True)
class Stroke:
    """Lines, or closed outlines that may be filled, all in one style.

    Args:
        points (Points): Corners, shape (L, N, 2) for L lines of N corners, in fractions of the image side.
        value (float): Brightness that replaces what lies below, range [0, 1].
        width (float): Width of the line in fractions of the image side; unused when filled.
        closed (bool): Whether the last corner joins the first. Defaults to ``False``.
        filled (bool): Whether the outline is filled. Defaults to ``False``.
    """

    points: Points
    value: float
    width: float = 0.0
    closed: bool = False
    filled: bool = False


def move_all(strokes: Sequence[Stroke], move: Callable[[Points], Points]) -> list[Stroke]:
    """Move every corner of every stroke.

    Args:
        strokes (Sequence[Stroke]): At least one stroke.
        move (Callable[[Points], Points]): Maps points of shape (P, 2) to points of the same shape.

    Returns:
        list[Stroke]: The same strokes elsewhere.
    """
    # One call for all corners: a picture has hundreds of strokes of a few corners each.
    moved = move(np.concatenate([stroke.points.reshape(-1, 2) for stroke in strokes]))
    ends = np.cumsum([stroke.points.size // 2 for stroke in strokes])
    return [
        replace(stroke, points=points.reshape(stroke.points.shape))
        for stroke, points in zip(strokes, np.split(moved, ends[:-1]), strict=True)
    ]


def supersampling(size: int) -> int:
    """Choose how many times too large to draw.

    Args:
        size (int): Side of the image in pixels.

    Returns:
        int: 4 for small images, where a thread is two pixels wide, else 2.
    """
    return 4 if size <= 256 else 2


def paint(strokes: Sequence[Stroke], size: int) -> Image:
    """Paint strokes on black, later ones over earlier ones.

    Args:
        strokes (Sequence[Stroke]): What to paint.
        size (int): Side of the square image in pixels.

    Returns:
        Image: Shape (size, size), range [0, 1].
    """
    factor = supersampling(size)
    side = size * factor
    canvas = np.zeros((side, side), dtype=np.uint8)
    for stroke in strokes:
        # OpenCV puts a pixel's centre at whole numbers; here it is at halves.
        lines = list(np.rint((stroke.points * side - 0.5) * 2**_SUBPIXEL_BITS).astype(np.int32))
        colour = round(stroke.value * 255)
        if stroke.filled:
            # One by one: together, an overlap of two outlines would count as outside.
            for line in lines:
                cv2.fillPoly(canvas, [line], colour, cv2.LINE_AA, _SUBPIXEL_BITS)
        else:
            thickness = max(1, round(stroke.width * side - _SOFT_EDGES))
            cv2.polylines(canvas, lines, stroke.closed, colour, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
    small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)
