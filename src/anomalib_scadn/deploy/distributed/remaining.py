# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What an earlier run has left to do: the images without a row that is free of errors."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from anomalib_scadn.deploy.inspection.score_parts import read_parts

from .sources import SHARD

if TYPE_CHECKING:
    import pyarrow as pa

STATE = ("path", "bytes", "modified")
"""What tells that a row is this file's: a file that was replaced has another size or time."""


_SHARD = re.compile(rf"{re.escape(SHARD)}(?=/)", re.IGNORECASE)


def without_done(files: "pa.Table", target: Path) -> "tuple[pa.Table, pa.Table]":
    """Leave out the images that have a row.

    Args:
        files (pa.Table): Images and shards, from
            :func:`~anomalib_scadn.deploy.distributed.sources.list_source`. Those of a Parquet file come without size
            and time, so that a replaced file is not noticed there.
        target (Path): Folder of results; it may be missing.

    Returns:
        tuple[pa.Table, pa.Table]: Images to score; and all shards, for only reading tells what is in a shard, with
            ``done``, the :func:`state_key` of the images in them that have a row, and whether the shard itself
            ``failed`` at the last time.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = read_parts(target, (*STATE, "error"))
    free = pc.equal(rows["error"], "")
    done, failed = _keys(rows.filter(free)), rows.filter(pc.invert(free))["path"]
    is_shard = pc.ends_with(files["path"], SHARD, ignore_case=True)
    images, shards = files.filter(pc.invert(is_shard)), files.filter(is_shard)
    todo = images.filter(pc.invert(pc.is_in(_keys(images), done)))
    inside: dict[str, list[str]] = {path: [] for path in shards["path"].to_pylist()}
    for chunk in done.chunks if inside else ():
        for key in chunk.to_pylist():
            for found in _SHARD.finditer(key):
                inside.get(key[: found.end()], []).append(key)
    known = pa.array(list(inside.values()), pa.list_(pa.string()))
    paths = pa.array(list(inside), pa.string())
    return todo, pa.table([paths, known, pc.is_in(paths, failed)], ["path", "done", "failed"])


def state_key(*state: str | int | None) -> str:
    """Join :data:`STATE` to one text, as rows are compared.

    Args:
        state (str | int | None): Its values.

    Returns:
        str: The text.
    """
    return "\0".join("" if value is None else str(value) for value in state)


def _keys(files: "pa.Table") -> "pa.ChunkedArray":
    """Make the :func:`state_key` of each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [pc.fill_null(files[name].cast(pa.string()), "") for name in STATE]
    return pc.binary_join_element_wise(*texts, "\0")
