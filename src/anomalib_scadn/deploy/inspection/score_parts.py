# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The table of scores in Parquet: a folder of parts that grows, each part written once; the newest row of a path wins.

A run appends parts ``run-RRRR-part-PPPPPP.parquet``, whose names sort by age. Columns are those of ``scores.csv``, the
regions of an image as a list of structs with the columns of ``regions.csv``, and the SHA-256 of the model's file.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anomalib_scadn.checks import check_installed
from anomalib_scadn.files import write_whole

if TYPE_CHECKING:
    import pyarrow as pa

PARTS = "scores"
"""Name of the folder of parts in a folder of results."""

EXTRA = "distributed"
"""Extra of this package that brings what reads and writes Parquet."""

_NAME = re.compile(r"run-(\d+)-part-(\d+)\.parquet")


def parts_schema() -> "pa.Schema":
    """Make the schema of a part.

    Returns:
        pa.Schema: Name and type of each column.

    Raises:
        ImportError: If pyarrow is not installed.
    """
    check_installed("pyarrow", EXTRA, "a table of scores in Parquet")
    import pyarrow as pa

    whole, real, text = pa.int32(), pa.float64(), pa.string()
    region = dict.fromkeys(("x", "y", "width", "height", "area"), whole)
    region |= {"centroid_x": real, "centroid_y": real, "pred_score": real, "contour": text}
    columns = {
        "path": text,
        "pred_score": real,
        "raw_score": real,
        "pred_label": whole,
        "selected_scale": whole,
        "width": whole,
        "height": whole,
        "picture": text,
        "seconds": real,
        "bytes": pa.int64(),
        "modified": pa.int64(),
        "error": text,
        "regions": pa.list_(pa.struct(list(region.items()))),
        "model_sha256": text,
    }
    return pa.schema(list(columns.items()))


class PartWriter:
    """Appends the parts of a new run to a folder of results.

    Args:
        folder (Path): Folder of results, which exists.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / PARTS
        self.folder.mkdir(exist_ok=True)
        runs = [int(found[1]) for path in self.folder.iterdir() if (found := _NAME.fullmatch(path.name))]
        self._run, self._part = max(runs, default=-1) + 1, 0

    def write(self, tables: Sequence["pa.Table"]) -> None:
        """Write rows as one part, which is on disk when this returns.

        Args:
            tables (Sequence[pa.Table]): Rows in the schema of a part; nothing is written of no rows.

        Raises:
            OSError: If the part cannot be written.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pa.concat_tables([parts_schema().empty_table(), *tables])
        if not len(rows):
            return
        content = pa.BufferOutputStream()
        pq.write_table(rows, content, compression="zstd")
        name = f"run-{self._run:04d}-part-{self._part:06d}.parquet"
        write_whole(self.folder / name, content.getvalue())
        self._part += 1


def cancelling_rows(paths: Sequence[str]) -> "pa.Table":
    """Make rows that cancel those of paths: they have neither a score nor an error, as no other row.

    Args:
        paths (Sequence[str]): Say those of shards that had a row with an error, and are whole now.

    Returns:
        pa.Table: Rows in the schema of a part.
    """
    import pyarrow as pa

    return pa.Table.from_pylist([{"path": path, "error": ""} for path in paths], parts_schema())


def has_parts(folder: Path) -> bool:
    """Tell whether a folder of results has its scores in Parquet.

    Args:
        folder (Path): Folder of results.

    Returns:
        bool: Whether there is a folder of parts.
    """
    return (folder / PARTS).is_dir()


def read_parts(folder: Path, columns: Sequence[str]) -> "pa.Table":
    """Read the newest row of each path.

    Args:
        folder (Path): Folder of results; without parts it has no rows.
        columns (Sequence[str]): Columns to read, ``"path"`` among them.

    Returns:
        pa.Table: One row per path, the oldest part first; none of a path whose newest row cancels the others.

    Raises:
        ValueError: If a file is no part; the message names it.
        ImportError: If pyarrow is not installed.
    """
    schema = parts_schema()
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.schema([schema.field(name) for name in dict.fromkeys([*columns, "raw_score", "error"])])
    rows = pa.concat_tables([wanted.empty_table(), *_read_each(folder, wanted)])
    numbers = rows.select(["path"]).append_column("row", pa.array(np.arange(len(rows))))
    newest = numbers.group_by("path").aggregate([("row", "max")])["row_max"].combine_chunks()
    rows = rows.take(newest.sort()) if len(newest) < len(rows) else rows
    cancelled = pc.and_(pc.is_null(rows["raw_score"]), pc.equal(rows["error"], ""))
    return rows.filter(pc.invert(cancelled)).select(columns)


def _read_each(folder: Path, schema: "pa.Schema") -> Iterator["pa.Table"]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = [path for path in (folder / PARTS).glob("*.parquet") if _NAME.fullmatch(path.name)]
    path = folder
    try:
        for path in sorted(found, key=lambda path: [int(number) for number in re.findall(r"\d+", path.name)]):
            yield pq.read_table(path, columns=schema.names).cast(schema)
    except (pa.ArrowException, KeyError) as error:
        msg = f"cannot read {path}: expected a part of a table of scores, found: {error}"
        raise ValueError(msg) from error


def read_rows(folder: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Read the newest row of each path as plain values. See :func:`read_parts`."""
    return read_parts(folder, columns).to_pylist()
