# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Files and folders that appear under their name only when they are whole."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from pickle import UnpicklingError
from tempfile import TemporaryDirectory
from zipfile import ZipFile, is_zipfile

PART = ".part"
"""Name of what is being written. One for all: a longer one than a file's own may be too long where that is not."""


@contextmanager
def naming(path: Path, part: str = PART) -> Iterator[None]:
    """Name a file or folder in the error that writing it raises: that of a full disk names none.

    Args:
        path (Path): File or folder that is written.
        part (str): Name of the temporary file. Defaults to :data:`PART`.

    Yields:
        None: While it is written.

    Raises:
        OSError: Of the same kind and number, with the file in its message.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            msg = f"cannot write {path}: {error}"
            raise OSError(msg) from error
        # An error that names a file is right about it, unless that is the temporary one.
        if error.filename not in (None, str(path.with_name(part))):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def file_digest(path: Path) -> bytes:
    """Compute the SHA-256 of a file, in the memory of a part of it.

    Args:
        path (Path): The file.

    Returns:
        bytes: 32 bytes.

    Raises:
        OSError: If the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.digest()


def write_whole(path: Path, data: bytes, part: str = PART) -> None:
    """Write a file that appears under its name, or replaces what was there, only when it is whole and on disk.

    Args:
        path (Path): File to write, in a folder that exists.
        data (bytes): Its content.
        part (str): Name of the file while it is written, of which a folder must have one writer at a time. Defaults to
            :data:`PART`.

    Raises:
        OSError: If the file cannot be written; the message names it.
    """
    temporary = path.with_name(part)
    try:
        with naming(path, part):
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Make a folder that appears under its name only when it is whole.

    Args:
        folder (Path): Folder to make, missing or empty; its parents are made when missing.

    Yields:
        Path: Where to write; made by the writer, hidden until it takes its name, and removed if that fails.

    Raises:
        OSError: If the folder cannot be written, or has been made by another process in the meantime.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent, ignore_cleanup_errors=True)
    with naming(folder), temporary as hidden:
        # One level down, since the temporary folder itself is closed to other users.
        made = Path(hidden) / folder.name
        yield made
        if folder.exists():
            folder.rmdir()
        made.rename(folder)


@contextmanager
def temporary_folder(export_root: Path | str) -> Iterator[Path]:
    """Make a folder that an export is written into before it is moved, on the same file system.

    Args:
        export_root (Path | str): Where the export will lie; made if missing.

    Yields:
        Path: Empty folder, removed afterwards.
    """
    Path(export_root).mkdir(parents=True, exist_ok=True)
    with naming(Path(export_root)), TemporaryDirectory(dir=export_root, prefix=".export-") as name:
        yield Path(name)


def explain_unreadable(error: Exception) -> str:
    """Say why torch could not read a file, without its advice to trust whatever the file holds.

    Args:
        error (Exception): What torch raised.

    Returns:
        str: End of a sentence; never empty.
    """
    if isinstance(error, (UnpicklingError, EOFError, LookupError)) or not str(error):
        return f"it is damaged, or holds more than tensors and plain data ({type(error).__name__})"
    return str(error)


def check_archive(path: Path) -> None:
    """Raise if a checkpoint's content does not fit its checksums, which torch does not look at.

    Args:
        path (Path): File that torch saved. One of the kind before torch 1.6 is no archive and has no checksums.

    Raises:
        ValueError: If a part of it is damaged.
    """
    if not is_zipfile(path):
        return
    try:
        with ZipFile(path) as archive:
            damaged = archive.testzip()
    except Exception as error:  # whatever damaged headers make the reader raise
        raise ValueError(explain_unreadable(error)) from error
    if damaged is not None:
        msg = f"it is damaged: {damaged} does not fit its checksum"
        raise ValueError(msg)
