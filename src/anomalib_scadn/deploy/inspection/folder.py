# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scoring a folder of images: tables of scores and regions, heat maps and overlays, resumed where a run was stopped.

The folder of results::

    scores.csv        one row per image
    regions.csv       one row per anomalous region
    regions.json      the same for annotation tools, in the format of COCO
    heatmaps/...      one PNG per image, in the input's sub-folders
    overlays/...
    maps/...          one TIFF per image, on request
    run.json          which model and options made it
    .lock             held by the run that is writing

The picture of ``NAME.jpg`` is ``NAME.png``, or ``NAME.jpg.png`` if two images of a folder differ only in extension.
"""

import errno
import logging
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from tqdm import tqdm

from anomalib_scadn.checks import check_count
from anomalib_scadn.data.image_files import find_images
from anomalib_scadn.deploy.ignoring import fit_mask
from anomalib_scadn.deploy.images import read_pixels
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer
from anomalib_scadn.deploy.regions import Region, find_regions
from anomalib_scadn.deploy.result import InferenceResult

from .pictures import draw_heatmap, draw_overlay, fit_map, to_8_bit, write_map, write_png
from .region_table import COCO, REGIONS, RegionTable, write_coco
from .run_record import Record, claim_folder
from .score_table import SCORES, FileState, ScoreRow, ScoreTable, read_scores
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

    def label(self, result: InferenceResult) -> bool | None:
        """Decide on an image; ``None`` without a threshold."""
        if self.threshold is None:
            return result.pred_label
        return self.threshold.label(result.raw_score, result.pred_score)


def score_folder(
    inferencer: StripedMaskInferencer,
    input_dir: Path | str,
    output_dir: Path | str,
    record: Record,
    outputs: Outputs | None = None,
    *,
    progress: bool = False,
) -> int:
    """Score the images of a folder and its sub-folders, except those that an earlier run has scored.

    A row is on disk only after its regions and pictures are, and images with a row are not scored again, so a run that
    was killed goes on with the next image. An image that cannot be read or scored becomes a row with its error. It is
    tried again by the next run, and so is an image whose file was replaced. Hidden files and folders are ignored.

    Args:
        inferencer (StripedMaskInferencer): Scores the images. If it takes several at once, the seconds of all of them
            are in the row of the first.
        input_dir (Path | str): Folder of images.
        output_dir (Path | str): Folder of results, made when missing; not inside the input.
        record (Record): What decides the scores, from
            :func:`~anomalib_scadn.deploy.inspection.run_record.describe_run`.
        outputs (Outputs | None): What is written. Defaults to ``None``: :class:`Outputs`' own defaults.
        progress (bool): Whether to show a progress bar. Defaults to ``False``.

    Returns:
        int: Number of images that failed.

    Raises:
        FileNotFoundError: If the input is missing or has no image.
        ValueError: If the output lies in the input, holds results of another run or input, or a broken table.
        OSError: If results cannot be written, or another run is writing into the output.
    """
    source, target, outputs = Path(input_dir), Path(output_dir), outputs or Outputs()
    if target.resolve().is_relative_to(source.resolve()):
        msg = f"output {target} must not lie in the input {source}: its pictures would be scored as images"
        raise ValueError(msg)
    if not source.is_dir():
        msg = f"input folder not found: {source.absolute()}; expected a folder of images"
        raise FileNotFoundError(msg)
    names = picture_names(PurePosixPath(path.relative_to(source)) for path in find_images(source))
    # Before they are read: an image that is replaced while it is scored is scored again by the next run.
    states = {image.as_posix(): FileState.of(source / image) for image in names}
    record = {**record, **outputs.description, "input": str(source.resolve())}
    with claim_folder(target, record, (SCORES, REGIONS, COCO, HEATMAPS, OVERLAYS, MAPS)):
        with (
            closing(ScoreTable(target / SCORES, states)) as scores,
            closing(RegionTable(target / REGIONS, scores.done)) as regions,
        ):
            todo = [image for image in names if image.as_posix() not in scores.done]
            failed = 0
            with tqdm(total=len(names), initial=len(names) - len(todo), unit="image", disable=not progress) as bar:
                for image, result, seconds in _timed(inferencer, source, todo):
                    row = ScoreRow(image.as_posix(), seconds=round(seconds, 4), **vars(states[image.as_posix()]))
                    try:
                        row, found = _write(source, row, result, target, names[image], outputs, inferencer.bit_depth)
                    except OSError as error:
                        if error.errno != errno.ENAMETOOLONG:  # a full disk ends the run, a name does not
                            raise
                        row, found = _failure(row, error), ()
                    regions.add(row.path, found)
                    scores.append([astuple(row)])
                    failed += bool(row.error)
                    bar.update()
        write_coco(target, read_scores(target))
    logger.info("Scored %d images, %d failed, %d had one: %s", len(todo), failed, len(names) - len(todo), target)
    return failed


def picture_names(images: Iterable[PurePosixPath]) -> dict[PurePosixPath, PurePosixPath]:
    """Name the picture of each image, no two alike even where case does not count.

    Args:
        images (Iterable[PurePosixPath]): Images, relative to their folder.

    Returns:
        dict[PurePosixPath, PurePosixPath]: Picture by image, relative to the folder of pictures.
    """
    listed = list(images)
    # A stem must differ from full names too: the pictures of a.jpg (beside a.png) and of a.jpg.png are to differ.
    taken = Counter(name.casefold() for image in listed for name in (str(image.with_suffix("")), str(image)))
    plain = {image: taken[str(image.with_suffix("")).casefold()] == 1 for image in listed}
    return {image: image.with_name(f"{image.stem if plain[image] else image.name}.png") for image in listed}


def _timed(
    inferencer: StripedMaskInferencer, source: Path, images: Sequence[PurePosixPath]
) -> Iterator[tuple[PurePosixPath, Outcome, float]]:
    predictions = iter(inferencer.predict_many([source / image for image in images]))
    for image in images:
        start = time.perf_counter()
        found = next(predictions, None)
        if found is None:
            msg = f"the inferencer must predict {len(images)} images, it stopped at {source / image}"
            raise RuntimeError(msg)
        yield image, found[1], time.perf_counter() - start


def _write(
    source: Path,
    row: ScoreRow,
    result: Outcome,
    target: Path,
    name: PurePosixPath,
    outputs: Outputs,
    bit_depth: int | None,
) -> tuple[ScoreRow, tuple[Region, ...]]:
    """Complete an image's row, find its regions and write its pictures, in place of those of an older image."""
    path, heatmap, overlay = source / row.path, target / HEATMAPS / name, target / OVERLAYS / name
    saved = (target / MAPS / name).with_suffix(".tiff")
    for old in (heatmap, overlay, saved):
        old.unlink(missing_ok=True)
    if isinstance(result, Exception):
        return _failure(row, result), ()
    if math.isnan(result.raw_score):
        return _failure(row, ValueError(f"{path} must have a number as its score, got nan")), ()
    if math.isinf(result.raw_score):
        return _failure(row, ValueError(f"nothing of {path} is left beside the ignored region: nothing to score")), ()
    try:
        pixels = to_8_bit(read_pixels(path, bit_depth=bit_depth))
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
    anomaly_map = fit_map(result.anomaly_map, height, width)
    mask = None if result.pred_mask is None else fit_mask(result.pred_mask, height, width)
    if outputs.pictures == "all" or (outputs.pictures == "anomalous" and label):
        row = replace(row, picture=name.as_posix())
        write_png(heatmap, draw_heatmap(anomaly_map))
        write_png(overlay, draw_overlay(pixels, anomaly_map, mask))
    if outputs.save_maps:
        write_map(saved, anomaly_map)
    return row, () if mask is None or not label else find_regions(mask, anomaly_map, outputs.min_area)


def _failure(row: ScoreRow, error: Exception) -> ScoreRow:
    text = " ".join(str(error).split())
    # Names are bytes; those that are no UTF-8 can be kept in the table, but not be shown everywhere.
    logger.warning("%s", f"{row.path} failed: {text}".encode(errors="backslashreplace").decode())
    return replace(row, error=text or type(error).__name__)
