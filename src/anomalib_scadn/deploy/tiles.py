# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Prediction of a large image, tile by tile, in the memory of the image, its maps and a few tiles."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from anomalib_scadn.data.tiles import tile_boxes

from .backends import Values
from .stitching import TileStitcher, cut_tile

BLENDED = ("raw_map", "anomaly_map", "pred_mask", "reconstruction")
"""Values that are blended."""

OWN = ("raw_score", "pred_score", "pred_label", "selected_scale")
"""Values that each tile keeps, and of which the image takes those of one tile."""


def predict_tiled(
    image: npt.NDArray[np.float32],
    predict: Callable[[npt.NDArray[np.float32]], Values],
    *,
    tile: int = 512,
    overlap: int = 64,
    batch_size: int = 1,
    progress: bool = False,
) -> Values:
    """Predict an image tile by tile.

    Score, label and scale are those of the tile with the highest raw score, of equals the first: normalized scores are
    clipped at 1, so they cannot tell two bad tiles apart.

    Args:
        image (npt.NDArray[np.float32]): Image, shape (C, H, W), range [0, 1]. An image smaller than a tile is padded
            by reflection.
        predict (Callable[[npt.NDArray[np.float32]], Values]): Predicts tiles of shape (N, C, tile, tile), as
            :meth:`~anomalib_scadn.deploy.backends.Backend.run` does.
        tile (int): Side of the square tiles in pixels. Defaults to ``512``.
        overlap (int): Pixels that neighbours share at least. Defaults to ``64``.
        batch_size (int): Tiles per call, at least 1; the last call may get fewer. Defaults to ``1``.
        progress (bool): Whether to show a progress bar. Defaults to ``False``.

    Returns:
        Values: As of a batch of one image, with blended maps of the image's size H x W, without ``scale_maps``.
            ``pred_mask`` holds the pixels that the tiles call anomalous with at least half of their blending weight.
            What the tiles lack, say labels of a model that was never validated, is missing.
            T tiles, row by row, add ``tile_box`` (1, T, 2), the upper left corner (y0, x0) in pixels, and
            ``tile_raw_score``, ``tile_pred_score``, ``tile_pred_label``, ``tile_selected_scale`` (1, T).

    Raises:
        ValueError: If a number is out of range, a tile's score is not a number, or there are more or fewer predictions
            than tiles.
        MemoryError: If tiles do not fit into memory.
    """
    if batch_size < 1:
        msg = f"batch_size must be at least 1 tile, got {batch_size}"
        raise ValueError(msg)
    height, width = image.shape[1:]
    boxes = tile_boxes(height, width, tile, overlap)
    stitchers: dict[str, TileStitcher] = {}
    own: dict[str, list[npt.NDArray[np.generic]]] = {}
    with tqdm(total=len(boxes), unit="tile", leave=False, disable=not progress) as bar:
        for first in range(0, len(boxes), batch_size):
            batch = boxes[first : first + batch_size]
            try:
                values = predict(np.stack([cut_tile(image, box, tile) for box in batch]))
            except MemoryError as error:
                msg = f"{len(batch)} tiles of {tile} x {tile} pixels do not fit into memory ({error}); take smaller"
                raise MemoryError(msg) from error
            _check(values, batch)
            for name in OWN:
                if name in values:
                    own.setdefault(name, []).append(values[name])
            for name in values.keys() & set(BLENDED):
                if name not in stitchers:
                    stitchers[name] = TileStitcher(height, width, tile, overlap, *values[name].shape[3:])
                for box, tile_map in zip(batch, values[name], strict=True):
                    stitchers[name].add(box, tile_map)
            bar.update(len(batch))
    result: Values = {name: stitcher.result()[None] for name, stitcher in stitchers.items()}
    if "pred_mask" in result:
        result["pred_mask"] = result["pred_mask"] >= np.float32(0.5)
    tiles = {name: np.concatenate(found) for name, found in own.items()}
    highest = int(tiles["raw_score"].argmax())
    result |= {name: found[highest : highest + 1] for name, found in tiles.items()}
    return result | {"tile_box": np.array([boxes])} | {f"tile_{name}": found[None] for name, found in tiles.items()}


def _check(values: Values, batch: list[tuple[int, int]]) -> None:
    scores = values["raw_score"]
    if len(scores) != len(batch):
        msg = f"a batch of {len(batch)} tiles must give as many predictions, got {len(scores)}"
        raise ValueError(msg)
    for box, score in zip(batch, scores, strict=True):
        if np.isnan(score):
            msg = f"the tile at {box} (y, x) must have a number as its score, got {score}"
            raise ValueError(msg)
