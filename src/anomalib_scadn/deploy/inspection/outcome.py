# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What becomes of one scored image: its row, its regions, and its pictures."""

import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar, get_args

import numpy as np

from anomalib_scadn.checks import check_count
from anomalib_scadn.data.image_bytes import ImageBytes
from anomalib_scadn.deploy.ignoring import fit_mask
from anomalib_scadn.deploy.images import read_pixels
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer
from anomalib_scadn.deploy.regions import Region, find_regions
from anomalib_scadn.deploy.result import Bools, Floats, InferenceResult
from anomalib_scadn.files import PART

from .pictures import draw_heatmap, draw_overlay, fit_map, to_8_bit, write_map, write_png
from .run_record import Record
from .score_table import ScoreRow
from .threshold import Threshold

logger = logging.getLogger(__name__)

Pictures = Literal["all", "anomalous", "none"]

HEATMAPS = "heatmaps"
OVERLAYS = "overlays"
MAPS = "maps"

_Image = TypeVar("_Image", Path, ImageBytes)


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


def timed_predictions(
    inferencer: StripedMaskInferencer, images: Sequence[_Image]
) -> Iterator[tuple[_Image, InferenceResult | Exception, float]]:
    """Predict images one after the other.

    Args:
        inferencer (StripedMaskInferencer): Scores the images.
        images (Sequence[Path] | Sequence[ImageBytes]): The images.

    Yields:
        tuple[Path | ImageBytes, InferenceResult | Exception, float]: Image, result or error, and the seconds that it
            took; where the inferencer takes several at once, their mean.
    """
    # Tiles fill the batches of an image that is cut.
    size = 1 if inferencer.tile is not None else inferencer.batch_size
    for first in range(0, len(images), size):
        batch = images[first : first + size]
        start = time.perf_counter()
        outcomes = list(inferencer.predict_many(batch))
        seconds = (time.perf_counter() - start) / len(batch)
        for image, (_, outcome) in zip(batch, outcomes, strict=True):
            yield image, outcome, seconds


def write_outcome(
    image: Path | ImageBytes,
    row: ScoreRow,
    result: InferenceResult | Exception,
    target: Path,
    name: PurePosixPath,
    outputs: Outputs,
    inferencer: StripedMaskInferencer,
    part: str = PART,
) -> tuple[ScoreRow, tuple[Region, ...]]:
    """Complete an image's row, find its regions and write its pictures, in place of those of an older image.

    Args:
        image (Path | ImageBytes): The image.
        row (ScoreRow): Its row so far: path, seconds, and state of its file.
        result (InferenceResult | Exception): What the inferencer gave.
        target (Path): Folder of results.
        name (PurePosixPath): Its picture, relative to the folders of pictures.
        outputs (Outputs): What is written.
        inferencer (StripedMaskInferencer): What made the prediction.
        part (str): See :func:`~anomalib_scadn.files.write_whole`. Defaults to ``PART``.

    Returns:
        tuple[ScoreRow, tuple[Region, ...]]: Its row, with the error if it failed, and the regions if it is anomalous.

    Raises:
        OSError: If a picture cannot be written.
    """
    files = outputs.files(target, name)
    for old in files.values():
        old.unlink(missing_ok=True)
    if isinstance(result, Exception):
        return failed_row(row, result), ()
    if not math.isfinite(result.raw_score):
        return failed_row(row, ValueError(f"{image} must have a finite score, got {result.raw_score}")), ()
    try:
        pixels = to_8_bit(read_pixels(image, bit_depth=inferencer.bit_depth))
        label = outputs.label(result)
    except (OSError, ValueError) as error:
        return failed_row(row, error), ()
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
    if drawn:
        write_png(files[HEATMAPS], draw_heatmap(anomaly_map), part)
        write_png(files[OVERLAYS], draw_overlay(pixels, anomaly_map, mask), part)
    if outputs.save_maps:
        write_map(files[MAPS], anomaly_map, part)
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


def failed_row(row: ScoreRow, error: Exception) -> ScoreRow:
    """Put an error into an image's row, and log it.

    Args:
        row (ScoreRow): The row.
        error (Exception): Why the image failed.

    Returns:
        ScoreRow: The row with the error in one line.
    """
    text = " ".join(str(error).split())
    # Names are bytes; those that are no UTF-8 can be kept in the table, but not be shown everywhere.
    logger.warning("%s", f"{row.path} failed: {text}".encode(errors="backslashreplace").decode())
    return replace(row, error=text or type(error).__name__)
