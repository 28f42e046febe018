# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A table in a CSV file: rows are appended and synced to disk, and it is repaired after a crash."""

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from anomalib_scadn.files import write_whole

# Names of files are bytes; those that are no UTF-8 survive the table this way.
_TEXT = ("utf-8", "surrogateescape")

Row = dict[str, str]


class Table:
    """A CSV file that loses at most the rows that are being written, whenever the process is killed.

    Opening repairs: a row that was cut off goes. The repaired file replaces the old one at once.

    Args:
        path (Path): File to open, in a folder that exists.
        columns (Sequence[str]): Names of the columns.
        keep (Callable[[Row], Row | None]): Gives a whole row as it shall stay, or ``None`` if it shall go.

    Attributes:
        rows (list[Row]): What the file held and still holds.

    Raises:
        ValueError: If the file is another table.
        OSError: If the file cannot be read or written.
    """

    def __init__(self, path: Path, columns: Sequence[str], keep: Callable[[Row], Row | None]) -> None:
        found = read_table(path, columns) if path.exists() else []
        self.rows = [row for row in map(keep, found) if row is not None]
        write_whole(path, _encode([columns, *(list(row.values()) for row in self.rows)]))
        self._file = path.open("ab")

    def append(self, rows: Iterable[Sequence[object]]) -> None:
        """Add rows; they are on disk when this returns.

        Args:
            rows (Iterable[Sequence[object]]): One value per column; ``None`` becomes an empty cell.

        Raises:
            OSError: If the file cannot be written.
        """
        self._file.write(_encode([["" if value is None else str(value) for value in row] for row in rows]))
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_table(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read the whole rows of a table that may still be growing, or was cut off.

    Args:
        path (Path): File that :class:`Table` wrote.
        columns (Sequence[str]): Names of the columns.

    Returns:
        list[Row]: Cells by column.

    Raises:
        ValueError: If it is another table; the message names the file.
        OSError: If the file cannot be read.
    """
    # What follows the last line end was cut off; so were zeros that a file system leaves after a power cut.
    data = path.read_bytes().replace(b"\0", b"")
    whole = data[: data.rfind(b"\n") + 1].decode(*_TEXT)
    # The outline of a ragged region is longer than what the module takes for a cell.
    limit = csv.field_size_limit(max(csv.field_size_limit(), len(whole)))
    try:
        header, *rows = csv.reader(io.StringIO(whole, newline="")) if whole else [list(columns)]
    except csv.Error as error:
        msg = f"cannot read {path}: expected a table, found: {error}"
        raise ValueError(msg) from error
    finally:
        csv.field_size_limit(limit)
    if header != list(columns):
        msg = f"cannot read {path}: expected a table with columns {','.join(columns)}, found {','.join(header)}"
        raise ValueError(msg)
    return [dict(zip(columns, row, strict=True)) for row in rows if len(row) == len(columns)]


def _encode(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    plain, quoted = (csv.writer(text, lineterminator="\n", quoting=kind) for kind in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    for row in rows:
        # The module quotes no carriage return where rows end without, but takes it for the end of a row.
        (quoted if any("\r" in cell for cell in row) else plain).writerow(row)
    return text.getvalue().encode(*_TEXT)
