# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The record of a folder of results: model and options. Results of two models never mix."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from anomalib_scadn.export.companions import find_companions
from anomalib_scadn.files import file_digest, write_whole

RECORD = "run.json"
"""Name of the record in a folder of results."""

LOCK = ".lock"
"""Name of the file that a run locks in its folder of results."""

SCORED_WITH = ("files", "tile", "overlap", "ignore_mask", "bit_depth", "precision")
"""What raw scores depend on beside the images."""

NAMES = {"files": "the model", "table": "the command"}
"""What users call an entry of a record that is no option of theirs."""

COMMANDS = {None: "score", "parquet": "score-many"}
"""Which command writes which kind of table."""

Record = dict[str, Any]


def describe_run(
    model: Path,
    tile: int | None = None,
    overlap: int | None = None,
    ignore_mask: Path | None = None,
    bit_depth: int | None = None,
    precision: str = "f32",
) -> Record:
    """Describe everything that decides the scores, apart from the images.

    Args:
        model (Path): Model file. What belongs to a graph is found beside it: the files with its weights, and the
            reference values of a generator alone.
        tile (int | None): Side of the tiles in pixels, ``None`` without tiles. Defaults to ``None``.
        overlap (int | None): Pixels that tiles share; without tiles it does not count. Defaults to ``None``.
        ignore_mask (Path | None): Mask of what is left out. Defaults to ``None``.
        bit_depth (int | None): Bits of values stored in 16. Defaults to ``None``, those of the files' type.
        precision (str): What the networks are computed in. Defaults to ``"f32"``.

    Returns:
        Record: Version of this package, name, size in bytes and SHA-256 of each file, and :data:`SCORED_WITH`.

    Raises:
        OSError: If a file cannot be read.
    """
    files = [model] if model.suffix == ".ckpt" else [model, *find_companions(model)]
    return {
        "version": version("anomalib-scadn"),
        "files": [_fingerprint(path) for path in files],
        "tile": tile,
        "overlap": None if tile is None else overlap,
        "ignore_mask": None if ignore_mask is None else _fingerprint(ignore_mask),
        "bit_depth": bit_depth,
        "precision": precision,
    }


def read_record(folder: Path) -> Record:
    """Read the record of a folder of results.

    Args:
        folder (Path): Folder that a run has written.

    Returns:
        Record: What :func:`describe_run` described, and what was written.

    Raises:
        FileNotFoundError: If there is no record.
        ValueError: If the file is none.
    """
    path = folder / RECORD
    if not path.is_file():
        msg = f"no {RECORD} in {folder}; expected a folder of results that `anomalib-scadn score` has written"
        raise FileNotFoundError(msg)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = f"cannot read {path}: expected the record of a run, found: {error}"
        raise ValueError(msg) from error
    if not isinstance(found, dict) or "files" not in found:
        msg = f"cannot read {path}: expected the record of a run with its files, found {type(found).__name__}"
        raise ValueError(msg)
    return found


def differing(found: Record, record: Record) -> list[str]:
    """Compare two records. A file may have been renamed: its content counts.

    Args:
        found (Record): A record that was read.
        record (Record): Another one.

    Returns:
        list[str]: Names of what differs: the command first, which decides other values too.
    """
    # As JSON gives it back, so that a tuple equals a list.
    one, other = json.loads(json.dumps([found, record]), object_hook=_without_name)
    names = sorted(one.keys() | other.keys(), key=lambda name: (name != "table", name))
    return [name for name in names if one.get(name) != other.get(name)]


@contextmanager
def claim_folder(folder: Path, record: Record, owned: tuple[str, ...]) -> Iterator[None]:
    """Keep other runs out of a folder of results, and put the record into it or check the one that is there.

    A run that ends without any result leaves no record.

    Args:
        folder (Path): Folder of results; made when missing.
        record (Record): From :func:`describe_run`.
        owned (tuple[str, ...]): Names of what a run writes into the folder.

    Yields:
        None: While the folder belongs to this run.

    Raises:
        BlockingIOError: If another run is writing into the folder.
        ValueError: If the folder holds results of another run, or results whose run is unknown.
        OSError: If the folder cannot be read or written.
    """
    _check_folder(folder, record, owned)  # first, so that nothing is put into a folder that is refused
    folder.mkdir(parents=True, exist_ok=True)
    with lock_folder(folder):
        _check_folder(folder, record, owned)
        if not (folder / RECORD).exists():
            write_whole(folder / RECORD, json.dumps(record, indent=2).encode())
        try:
            yield
        finally:
            if not any((folder / name).exists() for name in owned):  # the run has failed before its first result
                (folder / RECORD).unlink(missing_ok=True)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Be the only one who writes into a folder of results.

    The lock is the operating system's, on the file ``.lock``: it ends with its process, however that ends, so a file
    that stays behind keeps nobody out.

    Args:
        folder (Path): Folder of results, which exists.

    Yields:
        None: While the folder is locked.

    Raises:
        BlockingIOError: If another run is writing into the folder.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        msg = f"another run is writing into {folder}; wait until it has ended, or choose another output folder"
        raise BlockingIOError(msg) from error
    try:
        yield
    finally:
        lock.release()


def _check_folder(folder: Path, record: Record, owned: tuple[str, ...]) -> None:
    if folder.exists() and not folder.is_dir():
        msg = f"expected a folder to write results into, got the file {folder}"
        raise ValueError(msg)
    if (folder / RECORD).exists():
        _compare(folder / RECORD, record)
        return
    stray = [name for name in owned if (folder / name).exists()]
    if stray:
        msg = f"{folder} holds {stray[0]} but no {RECORD} that says which model made it; expected a new or empty folder"
        raise ValueError(msg)


def _compare(path: Path, record: Record) -> None:
    found = read_record(path.parent)
    for name in differing(found, record):
        msg = (
            f"{path.parent} holds results of another run: {NAMES.get(name, name)} was {_short(name, found)}, "
            f"now {_short(name, record)}; expected the same model and options, or another output folder"
        )
        raise ValueError(msg)


def _short(name: str, record: Record) -> str:
    value = record.get(name)
    if name == "table":
        return COMMANDS.get(value, str(value))
    files = [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, dict)]
    if not files:
        return "not given" if value is None else str(value)
    return ", ".join(f"{entry.get('name')} (SHA-256 {str(entry.get('sha256'))[:12]}...)" for entry in files)


def _without_name(entry: Record) -> Record:
    return {name: value for name, value in entry.items() if name != "name"}


def _fingerprint(path: Path) -> dict[str, str | int]:
    return {"name": path.name, "size": path.stat().st_size, "sha256": file_digest(path).hex()}
