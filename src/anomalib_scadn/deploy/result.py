# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What inference says about one image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .tiled_prediction import TileResult

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class InferenceResult:
    """Prediction for one image, in NumPy values. H and W are the model's image size, or the image's own if tiled.

    Args:
        raw_score (float): Score before normalization (SCADN Eq. 10 if the model has the paper's score).
        pred_score (float): Normalized score, range [0, 1]; the raw score if the model was never validated.
        pred_label (bool): Whether the image is anomalous.
        anomaly_map (npt.NDArray[np.float32]): Normalized map, shape (H, W), range [0, 1].
        raw_map (npt.NDArray[np.float32]): Map before normalization, shape (H, W): the paper's (SCADN Eq. 8) has the
            range [0, 1], a standardized one lies around 0.
        pred_mask (npt.NDArray[np.bool_]): Which pixels are anomalous, shape (H, W).
        scale_maps (npt.NDArray[np.float32] | None): One map per scale, the paper's E_i (SCADN Eq. 7), shape (S, H, W);
            ``None`` if tiled.
        selected_scale (int | None): Index of the scale that the paper's map and score come from, or that reaches the
            highest value of a composite score; if tiled, that of the tile with the highest score.
        reconstruction (npt.NDArray[np.float32] | None): What the generator painted, shape (H, W, 3), range [0, 1]:
            mean of the chosen scale's vertical and horizontal composite. ``None`` unless asked for.
        tiles (tuple[TileResult, ...]): If tiled, each tile's own box, scores, label and scale. Defaults to ``()``.
    """

    raw_score: float
    pred_score: float
    pred_label: bool
    anomaly_map: Floats
    raw_map: Floats
    pred_mask: Bools
    scale_maps: Floats | None
    selected_scale: int | None
    reconstruction: Floats | None = None
    tiles: tuple[TileResult, ...] = ()


def split_results(values: Mapping[str, npt.NDArray[Any]]) -> list[InferenceResult]:
    """Split a batch's values by image.

    Args:
        values (Mapping[str, npt.NDArray[Any]]): What a backend returned for N images.

    Returns:
        list[InferenceResult]: N results.
    """
    painted = values.get("reconstruction")
    return [
        InferenceResult(
            raw_score=float(values["raw_score"][n]),
            pred_score=float(values["pred_score"][n]),
            pred_label=bool(values["pred_label"][n]),
            anomaly_map=values["anomaly_map"][n],
            raw_map=values["raw_map"][n],
            pred_mask=values["pred_mask"][n],
            scale_maps=values["scale_maps"][n],
            selected_scale=int(values["selected_scale"][n]),
            reconstruction=None if painted is None else painted[n],
        )
        for n in range(len(values["pred_score"]))
    ]
