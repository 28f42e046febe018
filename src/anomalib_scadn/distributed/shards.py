# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Shards of WebDataset: TAR archives whose members are read one after the other."""

import tarfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .sources import is_image
from .storage import locate, open_stream

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE = 16
"""Images that are handed on together."""


def rows_schema() -> "pa.Schema":
    """Make the schema of rows that go to an actor.

    Returns:
        pa.Schema: Path, size and time of the file, its content if something has read it, and the error if that failed.
    """
    import pyarrow as pa

    columns = {"path": pa.string(), "bytes": pa.int64(), "modified": pa.int64()}
    columns |= {"content": pa.large_binary(), "error": pa.string()}
    return pa.schema(list(columns.items()))


def read_shards(shards: "pa.Table", base: str) -> "Iterator[pa.Table]":
    """Read the images of shards.

    Args:
        shards (pa.Table): ``path`` of each shard, and ``done``, a list of the paths in it that need no reading.
        base (str): Folder, or URI of a folder, that paths are relative to.

    Yields:
        pa.Table: Some images, named ``SHARD/MEMBER``, with their content. A shard that cannot be read to its
            end is a row with the error, after the images before that.
    """
    import pyarrow as pa

    waiting: list[dict[str, Any]] = []
    for shard in shards.to_pylist():
        for row in _members(shard["path"], set(shard["done"]), base):
            waiting.append(row)
            if len(waiting) == AT_ONCE:
                yield pa.Table.from_pylist(waiting, rows_schema())
                waiting = []
    yield pa.Table.from_pylist(waiting, rows_schema())


def _members(shard: str, done: set[str], base: str) -> Iterator[dict[str, Any]]:
    location = locate(shard, base)
    try:
        with open_stream(location) as file, tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                path = f"{shard}/{member.name.removeprefix('./')}"
                if member.isfile() and is_image(member.name.removeprefix("./")) and path not in done:
                    content = archive.extractfile(member)
                    row = {"path": path, "bytes": member.size, "modified": int(member.mtime * 1e9)}
                    yield {**row, "content": content.read() if content else b""}
    except (OSError, tarfile.TarError, EOFError) as error:
        yield {"path": shard, "error": f"cannot read {location} to its end: {error}"}
