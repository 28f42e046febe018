# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Runs that can be stopped and gone on with: each result is in its file before the next run starts.

A result file holds its settings, what tells its data from other data, and ``runs``: by key the metrics, and the machine
and the versions that they were measured with. A key that the file has is not run again; a file that was made with
another configuration, other settings or other data is refused. Several processes may fill one file.
"""

import json
import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from anomalib_scadn.files import write_whole
from fingerprints import sha256
from host_arguments import without_paths
from machines import machine

RESULTS = Path(__file__).parent / "results"
Metrics = dict[str, float]
Job = tuple[list[str], Callable[[], list[Metrics]]]
"""Keys of the results that a job makes, and the job, which returns one result per key."""


def save(path: Path, result: dict | list) -> None:
    """Write a result file whole or not at all.

    Args:
        path (Path): File to write; its folder is made when missing.
        result (dict | list): What goes into it.
    """
    with lock(path.parent):
        _write(path, result)


def lock(folder: Path) -> FileLock:
    """Make the lock of a folder of results, in which one process writes at a time.

    Args:
        folder (Path): The folder; it is made when missing.

    Returns:
        FileLock: To be entered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / ".lock")


def _write(path: Path, result: dict | list) -> None:
    write_whole(path, (json.dumps(result, indent=2) + "\n").encode())


def settings_of(config: Path, extra: list[str]) -> dict[str, Any]:
    """Collect what all runs of a result file have in common.

    Args:
        config (Path): Configuration file.
        extra (list[str]): Arguments of the host.

    Returns:
        dict[str, Any]: Name and hash of the configuration, and the arguments without folders.
    """
    return {"config": config.name, "config_sha256": sha256(config), "extra": without_paths(extra)}


def run_missing(
    path: Path,
    settings: dict,
    jobs: Iterable[Job],
    parser: ArgumentParser,
    data: dict[str, str] | None = None,
    describe: Callable[[], dict[str, str | int]] | None = None,
) -> tuple[dict, list[str]]:
    """Run the jobs of which a result is missing; those that another process is at are waited for at the end.

    Args:
        path (Path): Result file.
        settings (dict): What all runs of the file have in common.
        jobs (Iterable[Job]): The jobs.
        parser (ArgumentParser): Says what is wrong, and ends the program, if the file was made with other settings.
        data (dict[str, str] | None): Fingerprints of the data by name. Defaults to ``None``.
        describe (Callable[[], dict[str, str | int]] | None): Describes what a job ran on. Defaults to ``None``, which
            is :func:`machine`.

    Returns:
        tuple[dict, list[str]]: Contents of the result file, and what failed; the other jobs are done all the same.
    """
    add = partial(merge, path, settings, data or {})
    left, failed = list(jobs), []

    def attempt(keys: list[str], job: Callable[[], list[Metrics]]) -> None:
        if all(key in add({})["runs"] for key in keys):
            return
        try:
            made = job()
        except Exception:  # whatever it is, the others can be run
            traceback.print_exc()
            failed.append(f"{path.name}: {', '.join(keys)}")
            return
        found = (describe or machine)()
        add({key: {**metrics, "machine": found} for key, metrics in zip(keys, made, strict=True)})
        print(f"{path.name}: {', '.join(keys)}: {made}", flush=True)

    try:
        add({})
        for timeout in (0, -1):  # seconds; below zero as long as it takes
            jobs, left = left, []
            for keys, job in jobs:
                with claim(path, keys[0], timeout) as is_ours:
                    if is_ours:
                        attempt(keys, job)
                    else:
                        left.append((keys, job))
        return add({}), failed
    except MadeOtherwiseError as error:
        parser.error(str(error))


@contextmanager
def claim(path: Path, key: str, timeout: float) -> Iterator[bool]:
    """Claim a job against other processes.

    Args:
        path (Path): Result file.
        key (str): First key of the job.
        timeout (float): Seconds to wait for another process that is at it; below zero as long as it takes.

    Yields:
        bool: Whether this process has the job.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(path.parent / f".{path.stem}-{key.replace('/', '-')}.lock")
    try:
        held.acquire(timeout=timeout)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        held.release()
        Path(held.lock_file).unlink(missing_ok=True)


def end(failed: list[str]) -> None:
    """End a program with status 1 if jobs failed.

    Args:
        failed (list[str]): What failed.
    """
    if failed:
        sys.exit(f"failed: {'; '.join(failed)}")


class MadeOtherwiseError(ValueError):
    """A result file was made with other settings or data."""


def merge(path: Path, settings: dict, data: dict[str, str], runs: dict[str, dict]) -> dict:
    """Add runs to what a result file has by now.

    Args:
        path (Path): Result file; it need not exist.
        settings (dict): What all runs of the file have in common.
        data (dict[str, str]): Fingerprints of the data by name.
        runs (dict[str, dict]): New results by key. Without any, nothing is written.

    Returns:
        dict: All of the file. What it had of a key stays.

    Raises:
        MadeOtherwiseError: If the file was made with other settings or other data.
    """
    with lock(path.parent):
        known = json.loads(path.read_text()) if path.is_file() else {}
        if known:
            check_same(path, known, settings, data)
        had = known.get("runs", {})
        new = {key: metrics for key, metrics in runs.items() if key not in had}
        result = {**known, **settings, "runs": {**had, **new}}
        if data:
            result["data"] = {**known.get("data", {}), **data}
        if new:
            _write(path, result)
    return result


def check_same(path: Path, known: dict, settings: dict, data: dict[str, str]) -> None:
    """Refuse to mix results.

    Args:
        path (Path): Result file.
        known (dict): Its contents.
        settings (dict): Settings of the runs that shall be added.
        data (dict[str, str]): Fingerprints of their data.

    Raises:
        MadeOtherwiseError: If the file was made with other settings or other data.
    """
    found = {name: known.get(name) for name in settings}
    if found != settings:
        made_with = " ".join(f"{name}={value}" for name, value in found.items() if value != settings[name])
        now = " ".join(f"{name}={settings[name]}" for name, value in found.items() if value != settings[name])
        msg = f"{path} was made with {made_with}, not with {now}; remove it, or choose another name or folder"
        raise MadeOtherwiseError(msg)
    other = [name for name, value in data.items() if known.get("data", {}).get(name, value) != value]
    if other:
        msg = f"{path} was made with other files of {', '.join(other)}; remove it, or choose another name or folder"
        raise MadeOtherwiseError(msg)
