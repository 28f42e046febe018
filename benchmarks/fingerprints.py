# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Files told from each other by their contents, without their place on this machine."""

import hashlib
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path, PureWindowsPath
from typing import Any

LAYOUT = ("train", "test", "ground_truth")
"""What a folder in the layout of MVTec AD is read from."""


def sha256(path: Path) -> str:
    """Hash a file.

    Args:
        path (Path): The file.

    Returns:
        str: Hexadecimal digits.
    """
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


# A comparison asks for the same images once per run.
@cache
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def named_hash(path: Path) -> str:
    """Name a file and its contents.

    Args:
        path (Path): The file.

    Returns:
        str: Its name and its hash.
    """
    return f"{path.name}, SHA-256 {sha256(path)}"


def without_folders(value: Any) -> Any:  # noqa: ANN401  # whatever YAML holds
    """Put names of files in place of paths: where files lie is nobody else's business.

    Args:
        value (Any): Part of a configuration.

    Returns:
        Any: The same; of a file that is there, name and hash.
    """
    if isinstance(value, dict):
        return {name: without_folders(part) for name, part in value.items()}
    if isinstance(value, list):
        return [without_folders(part) for part in value]
    # What cannot be told from a number or a word is none, whatever files lie in the working folder.
    if not isinstance(value, str) or not re.search(r"[/\\]|\.[A-Za-z]\w*$", value):
        return value
    path = Path(value)
    return named_hash(path) if path.is_file() else PureWindowsPath(value).name


def fingerprint(paths: Iterable[Path], root: Path) -> str:
    """Tell one set of files from another.

    Args:
        paths (Iterable[Path]): Files, and folders whose files count at any depth, through links too; hidden files
            and what is missing do not count.
        root (Path): Folder that their names are relative to.

    Returns:
        str: Their number, and a hash of their names and contents.
    """
    files = sorted(file for path in paths for file in _files_below(path))
    digest = hashlib.sha256("".join(f"{file.relative_to(root).as_posix()} {sha256(file)}\n" for file in files).encode())
    return f"{len(files)} files, SHA-256 {digest.hexdigest()}"


def folder_fingerprint(folder: Path) -> str:
    """Tell one folder in the layout of MVTec AD from another.

    Args:
        folder (Path): Folder of a category.

    Returns:
        str: See :func:`fingerprint`.
    """
    return fingerprint([folder / part for part in LAYOUT], folder)


def _files_below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [
        Path(place, name)
        for place, _, names in os.walk(path, followlinks=True)
        for name in names
        if not name.startswith(".")
    ]
