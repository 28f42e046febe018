# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The prediction for one image."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .regions import Region, find_regions

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TileResult:
    """Prediction for one tile of an image.

    Args:
        box (tuple[int, int]): Upper left corner (y0, x0) in the image, in pixels.
        raw_score (float): Anomaly score before normalization.
        pred_score (float | None): Normalized anomaly score, range [0, 1]; ``None`` as an image's.
        pred_label (bool | None): Whether the tile is anomalous; ``None`` as an image's.
        selected_scale (int): Index of the scale that was chosen for the tile.
    """

    box: tuple[int, int]
    raw_score: float
    pred_score: float | None
    pred_label: bool | None
    selected_scale: int


@dataclass(frozen=True)
class InferenceResult:
    """Prediction for one image, in NumPy values. H and W are the model's image size, or the image's own if tiled.

    A model that was never validated, or that normalizes nothing, gives raw values alone: what is normalized or compared
    with a threshold is ``None``.

    Args:
        raw_score (float): Score before normalization (SCADN Eq. 10 if the model has the paper's score).
        pred_score (float | None): Normalized score, range [0, 1].
        pred_label (bool | None): Whether the image is anomalous.
        anomaly_map (npt.NDArray[np.float32] | None): Normalized map, shape (H, W), range [0, 1].
        raw_map (npt.NDArray[np.float32]): Map before normalization, shape (H, W): the paper's (SCADN Eq. 8) has the
            range [0, 1], a standardized one lies around 0.
        pred_mask (npt.NDArray[np.bool_] | None): Which pixels are anomalous, shape (H, W).
        scale_maps (npt.NDArray[np.float32] | None): One map per scale, the paper's E_i (SCADN Eq. 7), shape (S, H, W);
            ``None`` if tiled.
        selected_scale (int): Index of the scale that the paper's map and score come from, or that reaches the
            highest value of a composite score; if tiled, that of the tile with the highest score.
        reconstruction (npt.NDArray[np.float32] | None): What the generator painted, shape (H, W, 3), range [0, 1]:
            mean of the chosen scale's vertical and horizontal composite. ``None`` unless asked for.
        tiles (tuple[TileResult, ...]): If tiled, each tile's own box, scores, label and scale. Defaults to ``()``.

    Example:
        >>> import numpy as np
        >>> maps = np.array([[0.1, 0.9]], dtype=np.float32)
        >>> result = InferenceResult(0.9, 0.9, True, maps, maps, maps > 0.5, scale_maps=None, selected_scale=1)
        >>> result.pred_label, result.pred_mask.tolist()
        (True, [[False, True]])
    """

    raw_score: float
    pred_score: float | None
    pred_label: bool | None
    anomaly_map: Floats | None
    raw_map: Floats
    pred_mask: Bools | None
    scale_maps: Floats | None
    selected_scale: int
    reconstruction: Floats | None = None
    tiles: tuple[TileResult, ...] = ()

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """Connected regions of an anomalous image's ``pred_mask``, the highest score first, in pixels of the maps."""
        if not self.pred_label or self.pred_mask is None or self.anomaly_map is None:
            return ()
        return find_regions(self.pred_mask, self.anomaly_map)


def split_values(values: Mapping[str, npt.NDArray[Any]]) -> list[InferenceResult]:
    """Split a batch's values by image.

    Args:
        values (Mapping[str, npt.NDArray[Any]]): What a backend, or
            :func:`~anomalib_scadn.deploy.tiles.predict_tiled`, gave for N images, by name.

    Returns:
        list[InferenceResult]: N results.
    """
    images = [{name: found[n] for name, found in values.items()} for n in range(len(values["raw_score"]))]
    return [
        InferenceResult(
            raw_score=float(own["raw_score"]),
            pred_score=float(own["pred_score"]) if "pred_score" in own else None,
            pred_label=bool(own["pred_label"]) if "pred_label" in own else None,
            anomaly_map=own.get("anomaly_map"),
            raw_map=own["raw_map"],
            pred_mask=own.get("pred_mask"),
            scale_maps=own.get("scale_maps"),
            selected_scale=int(own["selected_scale"]),
            reconstruction=own.get("reconstruction"),
            tiles=_tiles(own),
        )
        for own in images
    ]


def _tiles(values: Mapping[str, npt.NDArray[Any]]) -> tuple[TileResult, ...]:
    if "tile_box" not in values:
        return ()
    boxes = [(y0, x0) for y0, x0 in values["tile_box"].tolist()]
    names = ("tile_raw_score", "tile_pred_score", "tile_pred_label", "tile_selected_scale")
    columns = [values[name].tolist() if name in values else [None] * len(boxes) for name in names]
    return tuple(TileResult(*own) for own in zip(boxes, *columns, strict=True))
