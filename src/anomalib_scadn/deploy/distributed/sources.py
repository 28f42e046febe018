# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What there is to score: a folder, storage in a network, a Parquet file of paths, or shards of WebDataset."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from anomalib_scadn.data.image_files import IMAGE_EXTENSIONS, find_images, natural_key
from anomalib_scadn.deploy.inspection.score_table import FileState

from .storage import is_uri, open_storage, open_stream

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST, SHARD = ".parquet", ".tar"
"""Extensions of a file of paths, and of an archive of images."""

Listed = Iterable[tuple[str, int | None, int | None]]


@dataclass(frozen=True)
class Source:
    """Files to score.

    Args:
        base (str): Folder, or URI of a folder, that paths are relative to.
        files (pa.Table): Images and shards: ``path``, and ``bytes`` and ``modified`` where the listing tells them.
    """

    base: str
    files: "pa.Table"


def list_source(location: str) -> Source:
    """List what there is to score.

    Args:
        location (str): Path or URI of a folder, a Parquet file with the column ``path``, or a shard. In a folder,
            hidden files and folders are ignored, and a Parquet file is none of its images.

    Returns:
        Source: At least one file. Those of a Parquet file as it names them, each once; relative ones are relative to
            its folder.

    Raises:
        FileNotFoundError: If there is no such folder or file, or no image in it.
        ValueError: If it is a file of another kind, a Parquet file names no paths, or a name is no UTF-8.
        OSError: If storage cannot be read.
    """
    parent, _, name = location.rstrip("/").rpartition("/")
    parent = parent if is_uri(location) else str(Path(location).resolve().parent)
    suffix = PurePosixPath(name).suffix.lower()
    if not is_uri(location) and suffix in (MANIFEST, SHARD) and not Path(location).exists():
        msg = f"no such file: {location}"
        raise FileNotFoundError(msg)
    if not is_uri(location) and suffix not in (MANIFEST, SHARD) and Path(location).is_file():
        msg = f"{location} is a file; expected a folder, or a file ending in {MANIFEST} or {SHARD}"
        raise ValueError(msg)
    if suffix == MANIFEST:
        return Source(parent, _read_manifest(location))
    if suffix == SHARD:
        with open_stream(location):  # which says whether it is there
            return Source(parent, _table([(name, None, None)]))
    if is_uri(location):
        return Source(location.rstrip("/"), _table(_list_storage(location)))
    return Source(str(Path(location).resolve()), _table(_list_folder(Path(location))))


def is_image(path: str, extensions: Iterable[str] = IMAGE_EXTENSIONS) -> bool:
    """Tell a visible image by its name, as in folders.

    Args:
        path (str): Path relative to the folder or the archive, with forward slashes.
        extensions (Iterable[str]): Extensions in lower case. Defaults to those of images.

    Returns:
        bool: Whether it has such an extension, and no part of it is hidden.
    """
    found = PurePosixPath(path)
    return found.suffix.lower() in extensions and not any(part.startswith(".") for part in found.parts)


def _table(listed: Listed) -> "pa.Table":
    import pyarrow as pa

    columns = list(zip(*listed, strict=True))
    try:
        paths = pa.array(columns[0], pa.string())
    except UnicodeEncodeError as error:
        name = error.object.encode("utf-8", "backslashreplace").decode()
        msg = f"names of images must be UTF-8 to stand in Parquet, got {name}; rename it, or use score"
        raise ValueError(msg) from error
    numbers = [pa.array(column, pa.int64()) for column in columns[1:]]
    return pa.table([paths, *numbers], ["path", "bytes", "modified"])


def _list_folder(folder: Path) -> Listed:
    for path in find_images(folder, (*IMAGE_EXTENSIONS, SHARD)):
        state = FileState.of(path)
        yield path.relative_to(folder).as_posix(), state.bytes, state.modified


def _list_storage(location: str) -> Listed:
    from pyarrow.fs import FileSelector

    storage, folder = open_storage(location)
    try:
        listed = storage.get_file_info(FileSelector(folder.rstrip("/"), recursive=True))
    except OSError as error:
        msg = f"cannot list {location}: {error}"
        raise type(error)(msg) from error
    files = [
        (PurePosixPath(info.path).relative_to(folder).as_posix(), info.size, info.mtime_ns)
        for info in listed
        if info.is_file
    ]
    extensions = (*IMAGE_EXTENSIONS, SHARD)
    found = sorted((file for file in files if is_image(file[0], extensions)), key=lambda file: natural_key(file[0]))
    if not found:
        msg = f"{location} holds no image, expected files ending in {', '.join(extensions)}"
        raise FileNotFoundError(msg)
    return found


def _read_manifest(location: str) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    storage, path = open_storage(location)
    try:
        dataset = pq.ParquetDataset(path, filesystem=storage)
        columns = dataset.schema.names
        paths = dataset.read(columns=["path"])["path"] if "path" in columns else None
    except pa.ArrowInvalid as error:
        msg = f"cannot read {location}: expected a Parquet file with a column path, found: {error}"
        raise ValueError(msg) from error
    if paths is None:
        msg = f"{location} must be a Parquet file with a column path, its columns are: {', '.join(columns)}"
        raise ValueError(msg)
    if not pa.types.is_string(paths.type) and not pa.types.is_large_string(paths.type):
        msg = f"path of {location} must be a column of strings, got {paths.type}"
        raise ValueError(msg)
    if paths.null_count or not len(paths) or pc.any(pc.equal(paths, "")).as_py():
        msg = (
            f"path of {location} must name an image in each row, got {len(paths)} rows, {paths.null_count} of them null"
        )
        raise ValueError(msg)
    unique = pc.unique(paths).cast(pa.string())
    nothing = pa.nulls(len(unique), pa.int64())
    return pa.table([unique, nothing, nothing], ["path", "bytes", "modified"])
