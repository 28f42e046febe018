# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tiles of a large image, cut out and blended into one map.

The weight of a tile is the product of a weight of the row and one of the column. Each of them falls off over
``overlap`` pixels towards the inner edges of the tile, as sin^2, and is divided by the sum over all tiles there, so
that the weights sum to one at every pixel without a map of weights ever being held.

An image smaller than a tile, in height, in width or in both, is one tile there: it is padded at the bottom and at the
right by reflection, and the padding is cut off the maps again. The tile's score is that of the padded tile.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from anomalib_scadn.data.tiles import Box, tile_starts


def blend_weights(length: int, tile: int, overlap: int) -> npt.NDArray[np.float32]:
    """Weigh the tiles along one side of an image.

    Args:
        length (int): Height or width of the image in pixels, at least 1.
        tile (int): Side of the tiles in pixels.
        overlap (int): Pixels over which a weight falls off towards an inner edge; with 0 the maps of neighbours meet
            at a hard edge.

    Returns:
        npt.NDArray[np.float32]: Weights, shape (tiles, min(tile, length)), range (0, 1]. At each pixel of the image
            those of all tiles sum to one. The weight of the tile in row i, column j of the grid is
            ``np.outer(blend_weights(height, ...)[i], blend_weights(width, ...)[j])``.

    Raises:
        ValueError: If a number is out of range.
    """
    starts = tile_starts(length, tile, overlap)
    side = min(tile, length)
    rise = np.ones(side)
    if overlap:
        steps = (np.arange(min(overlap, side)) + 0.5) / overlap
        rise[: len(steps)] = np.sin(math.pi / 2 * steps) ** 2
    weights = np.ones((len(starts), side))
    weights[1:] *= rise
    weights[:-1] *= rise[::-1]
    total = np.zeros(length)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + side] += weight
    return (weights / np.stack([total[start : start + side] for start in starts])).astype(np.float32)


def cut_tile(image: npt.NDArray[np.generic], box: Box, tile: int) -> npt.NDArray[np.generic]:
    """Cut one tile, padded by reflection where the image is smaller than a tile.

    Args:
        image (npt.NDArray[np.generic]): Image, shape (C, H, W).
        box (Box): Corner (y0, x0) from :func:`~anomalib_scadn.data.tiles.tile_boxes`.
        tile (int): Side of the tile in pixels.

    Returns:
        npt.NDArray[np.generic]: Tile, shape (C, tile, tile), same type and range.
    """
    y0, x0 = box
    piece = image[:, y0 : y0 + tile, x0 : x0 + tile]
    missing = [(0, 0), (0, tile - piece.shape[1]), (0, tile - piece.shape[2])]
    return np.pad(piece, missing, mode="reflect") if piece.shape[1:] != (tile, tile) else piece


class TileStitcher:
    """Blend the maps of tiles, one after the other, into one map of the image.

    It holds the map of the image and the weights of one row and one column of tiles, nothing else.

    Args:
        height (int): Height of the image in pixels.
        width (int): Width of the image in pixels.
        tile (int): Side of the square tiles in pixels.
        overlap (int): Pixels that neighbours share at least.
        channels (int | None): Channels C of the map, ``None`` for a map without that dimension.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(self, height: int, width: int, tile: int, overlap: int, channels: int | None = None) -> None:
        self._tile = tile
        self._size = (height, width)
        rows, columns = blend_weights(height, tile, overlap), blend_weights(width, tile, overlap)
        self._rows = dict(zip(tile_starts(height, tile, overlap), rows, strict=True))
        self._columns = dict(zip(tile_starts(width, tile, overlap), columns, strict=True))
        self._missing = {(y0, x0) for y0 in self._rows for x0 in self._columns}
        self._blended = np.zeros(self._size if channels is None else (*self._size, channels), dtype=np.float32)

    def add(self, box: Box, values: npt.NDArray[np.generic]) -> None:
        """Add the map of one tile.

        Args:
            box (Box): Corner (y0, x0) from :func:`~anomalib_scadn.data.tiles.tile_boxes`.
            values (npt.NDArray[np.generic]): Map of the tile, shape (h, w) or (h, w, C), any range. A map that comes
                in another size than the tile, as from a model with a fixed image size, is resized bilinearly.

        Raises:
            ValueError: If there is no such tile, or it has been added before.
        """
        if box not in self._missing:
            msg = f"no map of a tile at {box} (y, x) is missing, expected one of {sorted(self._missing)[:4]}"
            raise ValueError(msg)
        self._missing.remove(box)
        tile_map = np.asarray(values, dtype=np.float32)
        if tile_map.shape[:2] != (self._tile, self._tile):
            resized = cv2.resize(tile_map, (self._tile, self._tile), interpolation=cv2.INTER_LINEAR)
            tile_map = np.asarray(resized, dtype=np.float32)
        y0, x0 = box
        weight = np.outer(self._rows[y0], self._columns[x0])
        height, width = weight.shape
        tile_map = tile_map[:height, :width]
        target = self._blended[y0 : y0 + height, x0 : x0 + width]
        np.add(target, tile_map * (weight if tile_map.ndim == 2 else weight[..., None]), out=target)

    def result(self) -> npt.NDArray[np.float32]:
        """Give the blended map.

        Returns:
            npt.NDArray[np.float32]: Map, shape (H, W) or (H, W, C), range of the tiles' maps.

        Raises:
            ValueError: If a tile has not been added.
        """
        if self._missing:
            msg = f"{len(self._missing)} tiles were not added, expected all, first missing: {min(self._missing)} (y, x)"
            raise ValueError(msg)
        return self._blended
