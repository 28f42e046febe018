# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What an earlier run has left to do: the images without a row that is free of errors."""

from pathlib import Path
from typing import TYPE_CHECKING

from anomalib_scadn.deploy.inspection.score_parts import read_parts

from .sources import SHARD

if TYPE_CHECKING:
    import pyarrow as pa

STATE = ("path", "bytes", "modified")
"""What tells that a row is this file's: a file that was replaced has another size or time."""


def without_done(files: "pa.Table", target: Path) -> "tuple[pa.Table, pa.Table]":
    """Leave out the images that have a row.

    Args:
        files (pa.Table): Images and shards, from :func:`~anomalib_scadn.distributed.sources.list_source`.
        target (Path): Folder of results; it may be missing.

    Returns:
        tuple[pa.Table, pa.Table]: Images to score; and all shards, with the paths in them that are ``done``, for only
            reading tells what is in a shard.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = read_parts(target, (*STATE, "error"))
    done = rows.filter(pc.equal(rows["error"], ""))
    is_shard = pc.ends_with(files["path"], SHARD, ignore_case=True)
    images, shards = files.filter(pc.invert(is_shard)), files.filter(is_shard)
    todo = images.filter(pc.invert(pc.is_in(_keys(images), _keys(done))))
    inside = [done["path"].filter(pc.starts_with(done["path"], f"{path}/")) for path in shards["path"].to_pylist()]
    known = pa.array([paths.to_pylist() for paths in inside], pa.list_(pa.string()))
    return todo, pa.table([shards["path"], known], ["path", "done"])


def _keys(files: "pa.Table") -> "pa.ChunkedArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [pc.fill_null(files[name].cast(pa.string()), "") for name in STATE]
    return pc.binary_join_element_wise(*texts, "\0")
