# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Prediction of a large image, tile by tile, in the memory of the image, its maps and a few tiles."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from .prediction import Prediction
from .tiling import Box, TileStitcher, cut_tile, tile_boxes

Floats = npt.NDArray[np.float32]


Predict = Callable[[npt.NDArray[np.generic]], Sequence[Prediction]]
"""Predicts a batch of tiles, shape (N, tile, tile) or (N, tile, tile, C), and gives one output per tile."""


@dataclass(frozen=True)
class TileResult:
    """What one tile had to say.

    Args:
        box (Box): Upper left corner (y0, x0) in the image, in pixels.
        raw_score (float): Anomaly score before normalization.
        pred_score (float): Normalized anomaly score, range [0, 1].
        pred_label (bool): Whether the tile is anomalous.
        selected_scale (int | None): Index of the scale that was chosen for the tile, if known.
    """

    box: Box
    raw_score: float
    pred_score: float
    pred_label: bool
    selected_scale: int | None


@dataclass(frozen=True)
class TiledPrediction:
    """Prediction of a large image.

    Args:
        raw_map (Floats): Blended map before normalization, shape (H, W).
        anomaly_map (Floats): Blended normalized map, shape (H, W), range [0, 1].
        pred_mask (npt.NDArray[np.bool_]): Pixels that the tiles call anomalous with at least half of their blending
            weight, shape (H, W).
        reconstruction (Floats | None): Blended reconstruction, shape (H, W, 3), if the tiles carried one.
        tiles (tuple[TileResult, ...]): Each tile's own score, label and scale, row by row.
    """

    raw_map: Floats
    anomaly_map: Floats
    pred_mask: npt.NDArray[np.bool_]
    reconstruction: Floats | None
    tiles: tuple[TileResult, ...]

    @property
    def highest(self) -> TileResult:
        """Find the tile that decides the image's score and label.

        Returns:
            TileResult: The tile with the highest raw score, of equals the first. Normalized scores are clipped at 1,
                so they cannot tell two bad tiles apart.
        """
        return max(self.tiles, key=lambda tile: tile.raw_score)


def predict_tiled(
    image: npt.NDArray[np.generic],
    predict_batch: Predict,
    *,
    tile: int = 512,
    overlap: int = 64,
    batch_size: int = 1,
    progress: bool = False,
) -> TiledPrediction:
    """Predict an image tile by tile.

    Args:
        image (npt.NDArray[np.generic]): Image, shape (H, W) or (H, W, C), or anything with a shape that is sliced
            like an array, say a memory map; only one batch of tiles is read at a time.
        predict_batch (Predict): Predicts a batch of tiles. Smaller images than a tile are padded by reflection.
        tile (int): Side of the square tiles in pixels. Defaults to ``512``.
        overlap (int): Pixels that neighbours share at least. Defaults to ``64``.
        batch_size (int): Tiles per call, at least 1; the last call may get fewer. Defaults to ``1``.
        progress (bool): Whether to show a progress bar. Defaults to ``False``.

    Returns:
        TiledPrediction: Blended maps and each tile's own score.

    Raises:
        ValueError: If a number is out of range, a tile's score is not a number, or there are more or fewer outputs
            than tiles.
    """
    if batch_size < 1:
        msg = f"batch_size must be at least 1 tile, got {batch_size}"
        raise ValueError(msg)
    height, width = image.shape[:2]
    boxes = tile_boxes(height, width, tile, overlap)
    maps = _Maps(height, width, tile, overlap)
    results = []
    with tqdm(total=len(boxes), unit="tile", leave=False, disable=not progress) as bar:
        for first in range(0, len(boxes), batch_size):
            batch = boxes[first : first + batch_size]
            for box, output in _predict(image, batch, tile, predict_batch):
                results.append(_result(box, output))
                maps.add(box, output)
            bar.update(len(batch))
    return TiledPrediction(*maps.results(), tiles=tuple(results))


def _predict(
    image: npt.NDArray[np.generic], batch: list[Box], tile: int, predict_batch: Predict
) -> Iterator[tuple[Box, Prediction]]:
    outputs = predict_batch(np.stack([cut_tile(image, box, tile) for box in batch]))
    if len(outputs) != len(batch):
        msg = f"a batch of {len(batch)} tiles must give as many predictions, got {len(outputs)}"
        raise ValueError(msg)
    yield from zip(batch, outputs, strict=True)


def _result(box: Box, output: Prediction) -> TileResult:
    if math.isnan(output.raw_score):
        msg = f"the tile at {box} (y, x) must have a number as its score, got {output.raw_score}"
        raise ValueError(msg)
    scale = output.selected_scale
    return TileResult(
        box,
        float(output.raw_score),
        float(output.pred_score),
        bool(output.pred_label),
        None if scale is None else int(scale),
    )


class _Maps:
    """The image's maps while tiles come in."""

    def __init__(self, height: int, width: int, tile: int, overlap: int) -> None:
        self._grid = (height, width, tile, overlap)
        self._raw, self._normalized, self._votes = (TileStitcher(*self._grid) for _ in range(3))
        self._painted: TileStitcher | None = None

    def add(self, box: Box, output: Prediction) -> None:
        self._raw.add(box, output.raw_map)
        self._normalized.add(box, output.anomaly_map)
        self._votes.add(box, output.pred_mask)
        if output.reconstruction is not None:
            if self._painted is None:
                self._painted = TileStitcher(*self._grid, channels=output.reconstruction.shape[-1])
            self._painted.add(box, output.reconstruction)

    def results(self) -> tuple[Floats, Floats, npt.NDArray[np.bool_], Floats | None]:
        painted = None if self._painted is None else self._painted.result()
        return self._raw.result(), self._normalized.result(), self._votes.result() >= np.float32(0.5), painted
