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
"""

import logging
from contextlib import closing
from dataclasses import astuple
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from anomalib_scadn.data.image_files import find_images
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer

from .outcome import HEATMAPS, MAPS, OVERLAYS, Outputs, timed_predictions, write_outcome
from .picture_names import picture_names
from .region_table import COCO, REGIONS, RegionTable, write_coco
from .run_record import Record, claim_folder
from .score_table import SCORES, FileState, ScoreRow, ScoreTable, read_scores

logger = logging.getLogger(__name__)


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
        inferencer (StripedMaskInferencer): Scores the images. If it takes several at once, the seconds of a row are
            their mean.
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
    check_apart(source, target)
    if not source.is_dir():
        problem = "is a file" if source.exists() else "folder not found"
        msg = f"input {problem}: {source.absolute()}; expected a folder of images"
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
                predictions = timed_predictions(inferencer, [source / image for image in todo])
                for image, (path, result, seconds) in zip(todo, predictions, strict=True):
                    row = ScoreRow(image.as_posix(), seconds=round(seconds, 4), **vars(states[image.as_posix()]))
                    row, found = write_outcome(path, row, result, target, names[image], outputs, inferencer)
                    regions.add(row.path, found)
                    scores.append([astuple(row)])
                    failed += bool(row.error)
                    bar.update()
        write_coco(target, read_scores(target))
    before = len(names) - len(todo)
    logger.info("Scored %d images, %d failed, %d were scored before: %s", len(todo), failed, before, target)
    return failed


def check_apart(source: Path, target: Path) -> None:
    """Raise if results would lie among the images.

    Args:
        source (Path): Folder of images.
        target (Path): Folder of results.

    Raises:
        ValueError: If the output lies in the input.
    """
    if target.resolve().is_relative_to(source.resolve()):
        msg = f"output {target} must not lie in the input {source}: its pictures would be scored as images"
        raise ValueError(msg)
