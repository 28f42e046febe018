# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The table of scores, ``scores.csv``: one row per image, and whether it still is that image's."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from .score_parts import has_parts, read_rows
from .table import Row, Table, read_table

SCORES = "scores.csv"
"""Name of the table in a folder of results."""

GONE = "no such image any more"
"""Error of a row whose file has been removed since it was scored."""


@dataclass(frozen=True)
class ScoreRow:
    """One image's row; what is not known of it is empty.

    Args:
        path (str): Image, relative to the input folder, with forward slashes.
        pred_score (float | None): Normalized score, range [0, 1]; none if the model was never validated.
        raw_score (float | None): Score before normalization; none of an image that failed.
        pred_label (int | None): 1 = anomalous, 0 = normal; none without a threshold.
        selected_scale (int | None): Index of the chosen scale.
        width (int | None): Width of the image in pixels.
        height (int | None): Height of the image in pixels.
        picture (str): Its heat map and overlay, relative to their folders, or "" if they were not drawn.
        seconds (float): Time to read and to score the image, without the drawing of pictures.
        bytes (int | None): Size of the file when it was scored.
        modified (int | None): Its time of modification, in nanoseconds since 1970.
        error (str): What went wrong, in one line, or "".
    """

    path: str
    pred_score: float | None = None
    raw_score: float | None = None
    pred_label: int | None = None
    selected_scale: int | None = None
    width: int | None = None
    height: int | None = None
    picture: str = ""
    seconds: float = 0.0
    bytes: int | None = None
    modified: int | None = None
    error: str = ""


COLUMNS = tuple(field.name for field in fields(ScoreRow))


@dataclass(frozen=True)
class FileState:
    """Size and time of a file, which change when it is replaced.

    Args:
        bytes (int | None): Size; ``None`` if the file cannot be looked at.
        modified (int | None): Time of modification in nanoseconds since 1970.
    """

    bytes: int | None
    modified: int | None

    @classmethod
    def of(cls, path: Path) -> "FileState":
        """Look at a file.

        Args:
            path (Path): The file.

        Returns:
            FileState: Its state; unknown if it cannot be looked at.
        """
        try:
            status = path.stat()
        except OSError:
            return cls(None, None)
        return cls(status.st_size, status.st_mtime_ns)


class ScoreTable(Table):
    """The table of scores of a folder of images.

    Opening drops the rows of images that failed or were replaced, which are to be scored again, and marks the rows of
    images that are gone.

    Args:
        path (Path): File to open, in a folder that exists.
        images (Mapping[str, FileState]): State of each image now, by path as in the rows.

    Attributes:
        done (set[str]): Paths of the images that need not be scored again.

    Raises:
        ValueError: If the file is no table of scores.
        OSError: If the file cannot be read or written.
    """

    def __init__(self, path: Path, images: Mapping[str, FileState]) -> None:
        def keep(row: Row) -> Row | None:
            if not _is_scored(row):
                return None
            state = images.get(row["path"])
            if state is None:
                return {**row, "error": GONE}
            same = (row["bytes"], row["modified"]) == (str(state.bytes), str(state.modified))
            return row if same and not row["error"] else None

        super().__init__(path, COLUMNS, keep)
        self.done = {row["path"] for row in self.rows}


def read_scores(folder: Path) -> list[ScoreRow]:
    """Read the table of scores of a folder of results, ``scores.csv`` or the parts in Parquet.

    Args:
        folder (Path): Folder that a run has written.

    Returns:
        list[ScoreRow]: One row per image.

    Raises:
        FileNotFoundError: If there is no table.
        ValueError: If it is no table of scores.
        ImportError: If the table is in Parquet and pyarrow is not installed.
    """
    if has_parts(folder):
        return [ScoreRow(**row) for row in read_rows(folder, COLUMNS)]
    path = folder / SCORES
    if not path.is_file():
        msg = f"no {SCORES} in {folder}; expected a folder of results that `anomalib-scadn score` has written"
        raise FileNotFoundError(msg)
    rows = read_table(path, COLUMNS)
    try:
        return [_parse(row) for row in rows]
    except ValueError as error:
        msg = f"cannot read {path}: expected a table of scores, found: {error}"
        raise ValueError(msg) from error


def summarize(rows: Sequence[ScoreRow]) -> str:
    """Count images.

    Args:
        rows (Sequence[ScoreRow]): Rows of a folder of results.

    Returns:
        str: Say ``"60 images, 12 anomalous, 1 failed"``.
    """
    there = [row for row in rows if row.error != GONE]
    labels = [row.pred_label for row in there if row.pred_label is not None]
    gone = f", and {len(rows) - len(there)} gone since they were scored" if len(there) < len(rows) else ""
    failed = sum(row.raw_score is None for row in there)
    return say_counts(len(there), sum(labels) if labels else None, failed) + gone


def say_counts(images: int, anomalous: int | None, failed: int) -> str:
    """Say what became of images.

    Args:
        images (int): All of them.
        anomalous (int | None): Those that are labelled so; ``None`` if none has a label.
        failed (int): Those with an error.

    Returns:
        str: Say ``"60 images, 12 anomalous, 1 failed"``.
    """
    labels = "no labels" if anomalous is None and images else f"{anomalous or 0} anomalous"
    return f"{images} images, {labels}, {failed} failed"


def _parse(row: Row) -> ScoreRow:
    def number(name: str) -> float | None:
        value = float(row[name]) if row[name] else None
        if value is not None and not math.isfinite(value):
            msg = f"{name} of {row['path']!r} must be finite, got {value}"
            raise ValueError(msg)
        return value

    def whole(name: str) -> int | None:
        return int(row[name]) if row[name] else None

    if not row["path"]:
        msg = "a row without a path"
        raise ValueError(msg)
    counts = {name: whole(name) for name in ("pred_label", "selected_scale", "width", "height", "bytes", "modified")}
    return ScoreRow(
        path=row["path"],
        pred_score=number("pred_score"),
        raw_score=number("raw_score"),
        picture=row["picture"],
        seconds=number("seconds") or 0.0,
        error=row["error"],
        **counts,
    )


def _is_scored(row: Row) -> bool:
    try:
        return _parse(row).raw_score is not None
    except ValueError:
        return False
