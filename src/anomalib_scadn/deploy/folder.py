# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scoring a folder of images: a table of scores, heat maps and overlays, resumed where a run was stopped.

The folder of results::

    scores.csv        path, score, raw_score, label, selected_scale, seconds, error
    heatmaps/...      one PNG per image, in the input's sub-folders
    overlays/...
    run.json          which model and options made it
    .lock             held by the run that is writing

The picture of ``NAME.jpg`` is ``NAME.png``, or ``NAME.jpg.png`` if two images of a folder differ only in extension.
"""

import logging
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath

import numpy as np
from tqdm import tqdm

from anomalib_scadn.data.image_files import find_images

from .images import read_pixels
from .inferencer import StripedMaskInferencer
from .pictures import draw_heatmap, draw_overlay, fit_map, fit_mask, to_8_bit, write_png
from .result import InferenceResult
from .run_record import Record, claim_folder
from .score_table import ScoreRow, ScoreTable

logger = logging.getLogger(__name__)

Outcome = InferenceResult | Exception

TABLE = "scores.csv"
HEATMAPS = "heatmaps"
OVERLAYS = "overlays"


def score_folder(
    inferencer: StripedMaskInferencer,
    input_dir: Path | str,
    output_dir: Path | str,
    record: Record,
    *,
    progress: bool = False,
) -> int:
    """Score the images of a folder and its sub-folders, except those that an earlier run has scored.

    A row is on disk only after its pictures are, and images with a row are not scored again, so a run that was
    killed goes on with the next image. An image that cannot be read or scored becomes a row with its error, and is
    tried again by the next run. Hidden files and folders are ignored.

    Args:
        inferencer (StripedMaskInferencer): Scores the images. If it takes several at once, the seconds of all of them
            are in the row of the first.
        input_dir (Path | str): Folder of images.
        output_dir (Path | str): Folder of results, made when missing; not inside the input.
        record (Record): What decides the scores, from :func:`~anomalib_scadn.deploy.run_record.describe_run`.
        progress (bool): Whether to show a progress bar. Defaults to ``False``.

    Returns:
        int: Number of images that failed.

    Raises:
        FileNotFoundError: If the input is missing or has no image.
        ValueError: If the output lies in the input, holds results of another run or input, or a broken table.
        OSError: If results cannot be written, or another run is writing into the output.
    """
    source, target = Path(input_dir), Path(output_dir)
    if target.resolve().is_relative_to(source.resolve()):
        msg = f"output {target} must not lie in the input {source}: its pictures would be scored as images"
        raise ValueError(msg)
    if not source.is_dir():
        msg = f"input folder not found: {source.absolute()}; expected a folder of images"
        raise FileNotFoundError(msg)
    images = [PurePosixPath(path.relative_to(source)) for path in find_images(source)]
    names = picture_names(images)
    claimed = claim_folder(target, {**record, "input": str(source.resolve())}, (TABLE, HEATMAPS, OVERLAYS))
    with claimed, closing(ScoreTable(target / TABLE)) as table:
        todo = [image for image in images if image.as_posix() not in table.done]
        failed = 0
        with tqdm(total=len(images), initial=len(images) - len(todo), unit="image", disable=not progress) as bar:
            for image, result, seconds in _timed(inferencer, source, todo):
                row = _report(source / image, image, result, seconds, target, names[image])
                table.append(row)
                failed += bool(row.error)
                bar.update()
    logger.info("Scored %d images, %d failed, %d had a score: %s", len(todo), failed, len(images) - len(todo), target)
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


def _report(
    path: Path,
    image: PurePosixPath,
    result: Outcome,
    seconds: float,
    target: Path,
    name: PurePosixPath,
) -> ScoreRow:
    if isinstance(result, Exception):
        return _failure(image, seconds, result)
    if math.isnan(result.raw_score):
        return _failure(image, seconds, ValueError(f"{path} must have a number as its score, got nan"))
    try:
        pixels = to_8_bit(read_pixels(path))
    except (OSError, ValueError) as error:
        return _failure(image, seconds, error)
    height, width = pixels.shape[:2]
    # Of a model that was never validated there is the raw map, and nothing to outline.
    found = result.raw_map if result.anomaly_map is None else result.anomaly_map
    anomaly_map = fit_map(found, height, width)
    mask = np.zeros((height, width), bool) if result.pred_mask is None else fit_mask(result.pred_mask, height, width)
    write_png(target / HEATMAPS / name, draw_heatmap(anomaly_map))
    write_png(target / OVERLAYS / name, draw_overlay(pixels, anomaly_map, mask))
    return ScoreRow(
        path=image.as_posix(),
        score=result.pred_score,
        raw_score=result.raw_score,
        label=None if result.pred_label is None else int(result.pred_label),
        selected_scale=result.selected_scale,
        seconds=round(seconds, 4),
    )


def _failure(image: PurePosixPath, seconds: float, error: Exception) -> ScoreRow:
    text = " ".join(str(error).split())
    logger.warning("%s failed: %s", image, text)
    return ScoreRow(path=image.as_posix(), seconds=round(seconds, 4), error=text or type(error).__name__)
