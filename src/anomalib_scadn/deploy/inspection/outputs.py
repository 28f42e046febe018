# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What is written of an image: its row of scores, its regions, and its pictures."""

import logging
import math
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

import numpy as np

from anomalib_scadn.checks import check_count
from anomalib_scadn.deploy.ignoring import fit_mask
from anomalib_scadn.deploy.images import read_pixels
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer
from anomalib_scadn.deploy.regions import Region, find_regions
from anomalib_scadn.deploy.result import Bools, Floats, InferenceResult

from .pictures import Pixels, draw_heatmap, draw_overlay, fit_map, to_8_bit, write_map, write_png
from .run_record import Record
from .score_table import ScoreRow
from .threshold import Threshold

logger = logging.getLogger(__name__)

Outcome = InferenceResult | Exception
Pictures = Literal["all", "anomalous", "none"]

HEATMAPS = "heatmaps"
OVERLAYS = "overlays"
MAPS = "maps"


@dataclass(frozen=True)
class Outputs:
    """How images are labelled, and what is written of them.

    Args:
        threshold (Threshold | None): What labels come from. Defaults to ``None``, the model's own threshold.
        min_area (int): Least number of pixels of a region. Defaults to ``1``.
        pictures (Literal["all", "anomalous", "none"]): Images that get a heat map and an overlay. Defaults to
            ``"all"``.
        save_maps (bool): Whether to write anomaly maps as 16-bit TIFF, 65535 = 1. Defaults to ``False``.

    Raises:
        ValueError: If ``min_area`` is below 1 or ``pictures`` is unknown.
    """

    threshold: Threshold | None = None
    min_area: int = 1
    pictures: Pictures = "all"
    save_maps: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        check_count(1, min_area=self.min_area)
        if self.pictures not in get_args(Pictures):
            msg = f"pictures must be one of {', '.join(get_args(Pictures))}, got {self.pictures}"
            raise ValueError(msg)

    @property
    def description(self) -> Record:
        """What stands in the record of a run."""
        return {
            "threshold": None if self.threshold is None else f"{self.threshold.kind}:{self.threshold.value!r}",
            "min_area": self.min_area,
            "pictures": self.pictures,
            "save_maps": self.save_maps,
        }

    def files(self, folder: Path, name: PurePosixPath) -> dict[str, Path]:
        """Name the files that may be written of an image.

        Args:
            folder (Path): Folder of results.
            name (PurePosixPath): Its picture, relative to the folder of pictures.

        Returns:
            dict[str, Path]: Files by the name of their folder.
        """
        found = {} if self.pictures == "none" else {kind: folder / kind / name for kind in (HEATMAPS, OVERLAYS)}
        return {**found, MAPS: (folder / MAPS / name).with_suffix(".tiff")} if self.save_maps else found

    def label(self, result: InferenceResult) -> bool | None:
        """Decide on an image; ``None`` without a threshold."""
        if self.threshold is None:
            return result.pred_label
        return self.threshold.label(result.raw_score, result.pred_score)


def complete_row(
    source: Path,
    row: ScoreRow,
    result: Outcome,
    target: Path,
    name: PurePosixPath,
    outputs: Outputs,
    inferencer: StripedMaskInferencer,
) -> tuple[ScoreRow, tuple[Region, ...]]:
    """Complete an image's row, find its regions and write its pictures, in place of those of an older image.

    Args:
        source (Path): Folder that is scored.
        row (ScoreRow): What is known before the image is scored.
        result (Outcome): Its prediction, or why there is none.
        target (Path): Folder of results.
        name (PurePosixPath): Its picture, relative to the folder of pictures.
        outputs (Outputs): What is written.
        inferencer (StripedMaskInferencer): What made the prediction.

    Returns:
        tuple[ScoreRow, tuple[Region, ...]]: The row, with the error if the image failed, and regions of an anomalous
            image.

    Raises:
        OSError: If a picture cannot be written.
    """
    path = source / row.path
    files = outputs.files(target, name)
    for old in files.values():
        old.unlink(missing_ok=True)
    if isinstance(result, Exception):
        return _failure(row, result), ()
    if not math.isfinite(result.raw_score):
        return _failure(row, ValueError(f"{path} must have a finite score, got {result.raw_score}")), ()
    try:
        pixels = to_8_bit(read_pixels(path, bit_depth=inferencer.bit_depth))
        label = outputs.label(result)
    except (OSError, ValueError) as error:
        return _failure(row, error), ()
    height, width = pixels.shape[:2]
    row = replace(
        row,
        pred_score=result.pred_score,
        raw_score=result.raw_score,
        pred_label=None if label is None else int(label),
        selected_scale=result.selected_scale,
        width=width,
        height=height,
    )
    if result.anomaly_map is None:  # of a model that was never validated, whose maps have no range to draw
        return row, ()
    anomaly_map, mask = _fit(result.anomaly_map, result.pred_mask, inferencer.ignored, height, width)
    drawn = outputs.pictures == "all" or (outputs.pictures == "anomalous" and bool(label))
    _draw(pixels, anomaly_map, mask, files, pictures=drawn)
    found = () if mask is None or not label else find_regions(mask, anomaly_map, outputs.min_area)
    return (replace(row, picture=name.as_posix()) if drawn else row), found


def _fit(
    values: Floats, pred_mask: Bools | None, ignored: Bools | None, height: int, width: int
) -> tuple[Floats, Bools | None]:
    """Give map and mask the size of the image."""
    anomaly_map = fit_map(values, height, width)
    mask = None if pred_mask is None else fit_mask(pred_mask, height, width)
    if ignored is not None:  # again, for the model's own map is coarser than the image
        left_out = fit_mask(ignored, height, width)
        anomaly_map = np.where(left_out, anomaly_map.min(), anomaly_map)
        mask = None if mask is None else mask & ~left_out
    return anomaly_map, mask


def _draw(pixels: Pixels, anomaly_map: Floats, mask: Bools | None, files: dict[str, Path], *, pictures: bool) -> None:
    if pictures:
        write_png(files[HEATMAPS], draw_heatmap(anomaly_map))
        write_png(files[OVERLAYS], draw_overlay(pixels, anomaly_map, mask))
    if MAPS in files:
        write_map(files[MAPS], anomaly_map)


def _failure(row: ScoreRow, error: Exception) -> ScoreRow:
    text = " ".join(str(error).split())
    # Names are bytes; those that are no UTF-8 can be kept in the table, but not be shown everywhere.
    logger.warning("%s", f"{row.path} failed: {text}".encode(errors="backslashreplace").decode())
    return replace(row, error=text or type(error).__name__)
