# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The table of scores: one row per image, appended and synced to disk one by one, repaired after a crash."""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from anomalib_scadn.files import write_whole

# Names of files are bytes; those that are no UTF-8 survive the table this way.
_TEXT = ("utf-8", "surrogateescape")


@dataclass(frozen=True)
class ScoreRow:
    """One image's row; fields of an image that failed are empty, but for path, seconds and error.

    A model that was never validated gives neither score nor label.

    Args:
        path (str): Image, relative to the input folder, with forward slashes.
        score (float | None): Normalized score, range [0, 1].
        raw_score (float | None): Score before normalization.
        label (int | None): 1 = anomalous, 0 = normal.
        selected_scale (int | None): Index of the chosen scale, if known.
        seconds (float): Time to read and to score the image, without the drawing of pictures.
        error (str): What went wrong, in one line, or "".
    """

    path: str
    score: float | None = None
    raw_score: float | None = None
    label: int | None = None
    selected_scale: int | None = None
    seconds: float = 0.0
    error: str = ""


COLUMNS = tuple(field.name for field in fields(ScoreRow))


class ScoreTable:
    """A CSV file that loses at most the row that is being written, whenever the process is killed.

    Opening repairs: a row that was cut off goes, and so do the rows of images that failed, which are to be tried
    again. The repaired file replaces the old one at once.

    Args:
        path (Path): File to open, in a folder that exists.

    Raises:
        ValueError: If the file is no table of scores.
        OSError: If the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        rows = _read_rows(path) if path.exists() else []
        write_whole(path, _encode([COLUMNS, *rows]))
        self.done = {row[0] for row in rows}
        """Paths of the images that need not be scored again."""
        self._file = path.open("ab")

    def append(self, row: ScoreRow) -> None:
        """Add a row; it is on disk when this returns.

        Args:
            row (ScoreRow): Row of an image that has none.

        Raises:
            OSError: If the file cannot be written.
        """
        values = ["" if value is None else str(value) for value in astuple(row)]
        self._file.write(_encode([values]))
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _encode(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(*_TEXT)


def _read_rows(path: Path) -> list[list[str]]:
    # What follows the last line end was cut off; so were zeros that a file system leaves after a power cut.
    data = path.read_bytes().replace(b"\0", b"")
    whole = data[: data.rfind(b"\n") + 1].decode(*_TEXT)
    try:
        header, *rows = csv.reader(io.StringIO(whole, newline="")) if whole else [list(COLUMNS)]
    except csv.Error as error:
        msg = f"cannot read {path}: expected a table of scores, found: {error}"
        raise ValueError(msg) from error
    if tuple(header) != COLUMNS:
        msg = f"cannot read {path}: expected a table of scores with columns {','.join(COLUMNS)}, found {header}"
        raise ValueError(msg)
    return [row for row in rows if _is_done(row)]


def _is_done(row: list[str]) -> bool:
    if len(row) != len(COLUMNS):
        return False
    values = dict(zip(COLUMNS, row, strict=True))
    try:
        float(values["raw_score"]), float(values["seconds"])
        # Empty where the model was never validated.
        float(values["score"] or 0), int(values["label"] or 0)
    except ValueError:
        return False
    return not values["error"]
