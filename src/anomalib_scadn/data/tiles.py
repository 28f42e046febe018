# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tiles of a large image: ``tile - overlap`` pixels apart, the last of each row and column at the image's border."""

from anomalib_scadn.checks import check_count

Box = tuple[int, int]
"""Upper left corner of a tile: row and column, in pixels."""


def check_tiling(tile: int, overlap: int) -> None:
    """Raise unless tiles can be cut.

    Args:
        tile (int): Side of the square tiles in pixels, at least 1.
        overlap (int): Pixels that neighbours share, 0 to ``tile - 1``.

    Raises:
        ValueError: If a number is out of range or not whole.
    """
    check_count(1, tile=tile)
    check_count(0, overlap=overlap)
    if overlap >= tile:
        msg = f"overlap must be 0 to {tile - 1} pixels for a tile of {tile}, got {overlap}"
        raise ValueError(msg)


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """Place tiles along one side of an image.

    Args:
        length (int): Height or width of the image in pixels, at least 1.
        tile (int): Side of the tiles in pixels.
        overlap (int): Pixels that neighbours share at least; the last two may share more.

    Returns:
        list[int]: First pixel of each tile, ascending; ``[0]`` if the image is no longer than a tile.

    Raises:
        ValueError: If a number is out of range.
    """
    check_tiling(tile, overlap)
    if length < 1:
        msg = f"an image must be at least 1 x 1 pixel to be cut into tiles, got a side of {length}"
        raise ValueError(msg)
    last = max(0, length - tile)
    return [*range(0, last, tile - overlap), last]


def tile_boxes(height: int, width: int, tile: int, overlap: int) -> list[Box]:
    """Place tiles that cover an image exactly.

    Args:
        height (int): Height of the image in pixels, at least 1.
        width (int): Width of the image in pixels, at least 1.
        tile (int): Side of the square tiles in pixels.
        overlap (int): Pixels that neighbours share at least; the last two of a row or column may share more.

    Returns:
        list[Box]: Corner (y0, x0) of each tile, row by row.

    Raises:
        ValueError: If a number is out of range.
    """
    columns = tile_starts(width, tile, overlap)
    return [(y0, x0) for y0 in tile_starts(height, tile, overlap) for x0 in columns]
