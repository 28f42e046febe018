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

from anomalib_scadn.checks import check_count
from anomalib_scadn.data.image_bytes import ImageBytes
from anomalib_scadn.deploy.ignoring import fit_mask
from anomalib_scadn.deploy.images import read_pixels
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer
from anomalib_scadn.deploy.regions import Region, find_regions
from anomalib_scadn.deploy.result import InferenceResult
from anomalib_scadn.files import PART

from .pictures import draw_heatmap, draw_overlay, fit_map, to_8_bit, write_map, write_png
from .run_record import Record
from .score_table import ScoreRow
from .threshold import Threshold

logger = logging.getLogger(__name__)

Outcome = InferenceResult | Exception
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

    def label(self, result: InferenceResult) -> bool | None:
        """Decide on an image; ``None`` without a threshold."""
        if self.threshold is None:
            return result.pred_label
        return self.threshold.label(result.raw_score, result.pred_score)


def timed_predictions(
    inferencer: StripedMaskInferencer, images: Sequence[_Image]
) -> Iterator[tuple[_Image, Outcome, float]]:
    """Predict images one after the other.

    Args:
        inferencer (StripedMaskInferencer): Scores the images. If it takes several at once, the seconds of all of them
            are given with the first.
        images (Sequence[Path] | Sequence[ImageBytes]): The images.

    Yields:
        tuple[Path | ImageBytes, Outcome, float]: Image, result or error, and the seconds that it took.

    Raises:
        RuntimeError: If the inferencer stops before the last image.
    """
    predictions = iter(inferencer.predict_many(images))
    for image in images:
        start = time.perf_counter()
        found = next(predictions, None)
        if found is None:
            msg = f"the inferencer must predict {len(images)} images, it stopped at {image}"
            raise RuntimeError(msg)
        yield image, found[1], time.perf_counter() - start


def write_outcome(
    image: Path | ImageBytes,
    row: ScoreRow,
    result: Outcome,
    target: Path,
    name: PurePosixPath,
    outputs: Outputs,
    bit_depth: int | None,
    part: str = PART,
) -> tuple[ScoreRow, tuple[Region, ...]]:
    """Complete an image's row, find its regions and write its pictures, in place of those of an older image.

    Args:
        image (Path | ImageBytes): The image.
        row (ScoreRow): Its row so far: path, seconds, and state of its file.
        result (Outcome): What the inferencer gave.
        target (Path): Folder of results.
        name (PurePosixPath): Its picture, relative to the folders of pictures.
        outputs (Outputs): What is written.
        bit_depth (int | None): Bits of values stored in 16.
        part (str): See :func:`~anomalib_scadn.files.write_whole`. Defaults to ``PART``.

    Returns:
        tuple[ScoreRow, tuple[Region, ...]]: Its row, with the error if it failed, and the regions if it is anomalous.

    Raises:
        OSError: If a picture cannot be written.
    """
    heatmap, overlay = target / HEATMAPS / name, target / OVERLAYS / name
    saved = (target / MAPS / name).with_suffix(".tiff")
    for old in (heatmap, overlay, saved):
        old.unlink(missing_ok=True)
    if isinstance(result, Exception):
        return failed_row(row, result), ()
    if math.isnan(result.raw_score):
        return failed_row(row, ValueError(f"{image} must have a number as its score, got nan")), ()
    if math.isinf(result.raw_score):
        return failed_row(
            row, ValueError(f"nothing of {image} is left beside the ignored region: nothing to score")
        ), ()
    try:
        pixels = to_8_bit(read_pixels(image, bit_depth=bit_depth))
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
    anomaly_map = fit_map(result.anomaly_map, height, width)
    mask = None if result.pred_mask is None else fit_mask(result.pred_mask, height, width)
    if outputs.pictures == "all" or (outputs.pictures == "anomalous" and label):
        row = replace(row, picture=name.as_posix())
        write_png(heatmap, draw_heatmap(anomaly_map), part)
        write_png(overlay, draw_overlay(pixels, anomaly_map, mask), part)
    if outputs.save_maps:
        write_map(saved, anomaly_map)
    return row, () if mask is None or not label else find_regions(mask, anomaly_map, outputs.min_area)


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
