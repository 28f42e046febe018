# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Files on disk and in storage that a URI names: opened, listed and read."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem
    from pyarrow.lib import NativeFile


GOOGLE_SECONDS = 60
"""How long Google's storage is asked again; pyarrow would ask for a quarter of an hour, without credentials too."""


def is_uri(location: str) -> bool:
    """Tell a URI from a path.

    Args:
        location (str): Say ``"s3://bucket/a.png"`` or ``"images/a.png"``.

    Returns:
        bool: Whether it is a URI.
    """
    return "://" in location


def locate(path: str, base: str) -> str:
    """Say where a file lies.

    Args:
        path (str): Path or URI, absolute or relative to the base, with forward slashes.
        base (str): Folder or URI of a folder.

    Returns:
        str: Path or URI.
    """
    if is_uri(path) or Path(path).is_absolute():
        return path
    return f"{base.rstrip('/')}/{path}" if is_uri(base) else str(Path(base) / path)


def open_storage(location: str) -> "tuple[FileSystem, str]":
    """Find the file system of a path or URI: pyarrow's, or any of fsspec's.

    Args:
        location (str): Path or URI.

    Returns:
        tuple[FileSystem, str]: File system, and the path in it.

    Raises:
        ValueError: If nothing knows the kind of URI.
        ImportError: If fsspec names a package that is missing.
    """
    import pyarrow as pa
    from pyarrow import fs

    if not is_uri(location):
        return fs.LocalFileSystem(), str(Path(location).absolute())
    scheme, _, rest = location.partition("://")
    host, slash, path = rest.partition("/")
    try:
        # Known once for each bucket: making one asks the network for the bucket's region.
        storage, root = _storage_of(f"{scheme}://{host}")
    except pa.ArrowInvalid:
        import fsspec

        try:
            found, inner = fsspec.core.url_to_fs(location)
        except ValueError as error:
            msg = f"cannot open {location}: {error}; expected a path, or a URI that pyarrow or fsspec knows"
            raise ValueError(msg) from error
        return fs.PyFileSystem(fs.FSSpecHandler(found)), inner
    return storage, root.rstrip("/") + slash + path


@lru_cache
def _storage_of(bucket: str) -> "tuple[FileSystem, str]":
    from pyarrow import fs

    limit = f"?retry_limit_seconds={GOOGLE_SECONDS}" if bucket.startswith(("gs://", "gcs://")) else ""
    return fs.FileSystem.from_uri(bucket + limit)


def open_stream(location: str) -> "NativeFile":
    """Open a file to read it from its beginning to its end.

    Args:
        location (str): Path or URI.

    Returns:
        NativeFile: The file, without decompression.

    Raises:
        OSError: If it cannot be opened.
    """
    storage, path = open_storage(location)
    return storage.open_input_stream(path, compression=None)


def read_content(location: str) -> bytes:
    """Read a whole file.

    Args:
        location (str): Path or URI.

    Returns:
        bytes: Its content.

    Raises:
        OSError: If it cannot be read.
    """
    if not is_uri(location):
        return Path(location).read_bytes()
    with open_stream(location) as file:
        return file.read()


def file_size(location: str) -> int:
    """Look at the size of a file.

    Args:
        location (str): Path or URI.

    Returns:
        int: Bytes; 0 if the file cannot be looked at, which reading it will tell.
    """
    try:
        storage, path = open_storage(location)
        return storage.get_file_info(path).size or 0
    except OSError:
        return 0
