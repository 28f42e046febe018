# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Shards of WebDataset: TAR archives whose members are read one after the other."""

import tarfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from .remaining import STATE, state_key
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
        shards (pa.Table): ``path`` of each shard, and ``done``, the
            :func:`~anomalib_scadn.deploy.distributed.remaining.state_key` of each image in it that needs no reading.
        base (str): Folder, or URI of a folder, that paths are relative to.

    Yields:
        pa.Table: Some images, named ``SHARD/MEMBER``, with their content; of images of one name the first. A shard that
            cannot be read to its end is a row with the error, after the images before that, and so is an image whose
            name is not UTF-8.
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


class _Member(tarfile.TarInfo):
    """A header of an archive, which has to end with a block of zeros: tarfile takes any other end for one as well."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # typeshed lacks it
            raise
        except tarfile.HeaderError as error:
            msg = f"expected a member or the block of zeros that ends an archive, found: {error}"
            raise tarfile.ReadError(msg) from error


def _members(shard: str, done: set[str], base: str) -> Iterator[dict[str, Any]]:
    location = locate(shard, base)
    seen = set()
    try:
        with (
            open_stream(location) as file,
            tarfile.open(fileobj=file, mode="r|", tarinfo=_Member, encoding="utf-8") as archive,
        ):
            for member in archive:
                name = member.name.removeprefix("./")
                if not member.isfile() or not is_image(name) or name in seen:
                    continue
                seen.add(name)
                row = _row(f"{shard}/{name}", member)
                if state_key(*(row[column] for column in STATE)) in done:
                    continue
                if row["error"] is None and (content := archive.extractfile(member)):
                    row["content"] = content.read()
                yield row
    except (OSError, tarfile.TarError, EOFError) as error:
        yield {"path": shard, "error": f"cannot read {location} to its end: {error}"}


def _row(path: str, member: tarfile.TarInfo) -> dict[str, Any]:
    row = {"path": path, "bytes": member.size, "modified": int(member.mtime * 1e9), "error": None}
    try:
        path.encode()
    except UnicodeEncodeError:
        row["path"] = path.encode(errors="backslashreplace").decode()
        row["error"] = f"name of {row['path']} must be UTF-8 to stand in Parquet; rename it"
    return row
