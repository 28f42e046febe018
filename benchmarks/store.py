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
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from anomalib_scadn.files import write_whole
from provenance import machine, sha256, without_paths

RESULTS = Path(__file__).parent / "results"
Metrics = dict[str, Any]
Describe = Callable[[], dict[str, str | int]]
Job = tuple[list[str], Callable[[], list[Metrics]]]
"""Keys of the results that a job makes, and the job, which returns one result per key."""


class MadeOtherwiseError(ValueError):
    """A result file was made with other settings or data."""


def add_command(commands: Any, name: str, do: Callable, **defaults: object) -> ArgumentParser:  # noqa: ANN401
    """Add a subcommand that does what a function does, and takes the folder of the result files."""
    shown = {"description": do.__doc__, "help": do.__doc__, "formatter_class": RawDescriptionHelpFormatter}
    command = commands.add_parser(name, **shown)
    command.set_defaults(do=do, **defaults)
    command.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    return command


def read(path: Path) -> Any:  # noqa: ANN401  # older result files are lists
    """Read a result file; ``None`` if there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def save(path: Path, result: dict | list) -> None:
    """Write a result file whole or not at all."""
    with lock(path.parent):
        _write(path, result)


def _write(path: Path, result: dict | list) -> None:
    write_whole(path, (json.dumps(result, indent=2) + "\n").encode())


def lock(folder: Path) -> FileLock:
    """Make the lock of a folder of results, in which one process writes at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / ".lock")


def run_folder(folder: Path, data: str, model: str, seed: int) -> Path:
    """Say where the scores and pictures of a run lie."""
    return folder / data / model / f"seed{seed}"


def settings_of(config: Path, extra: list[str]) -> dict[str, Any]:
    """Collect what all runs of a result file have in common."""
    return {"config": config.name, "config_sha256": sha256(config), "extra": without_paths(extra)}


def run_missing(
    path: Path,
    settings: dict,
    jobs: Iterable[Job],
    data: dict[str, str] | None = None,
    describe: Describe | None = None,
) -> tuple[dict, list[str]]:
    """Run the jobs of which a result is missing; those that another process is at are waited for at the end."""
    add = partial(merge, path, settings, data or {})
    add({})
    left, failed = list(jobs), []
    for timeout in (0, -1):  # seconds; below zero as long as it takes
        jobs, left = left, []
        for keys, job in jobs:
            with claim(path, keys[0], timeout) as is_ours:
                if not is_ours:
                    left.append((keys, job))
                elif not all(key in add({})["runs"] for key in keys) and not _attempt(keys, job, add, describe):
                    failed.append(f"{path.name}: {', '.join(keys)}")
    return add({}), failed


def _attempt(keys: list[str], job: Callable[[], list[Metrics]], add: Callable, describe: Describe | None) -> bool:
    """Do a job and keep its results; tell whether it was done."""
    try:
        made = job()
    except Exception:  # whatever it is, the others can be run
        traceback.print_exc()
        return False
    found = (describe or machine)()
    add({key: {**metrics, "machine": found} for key, metrics in zip(keys, made, strict=True)})
    print(f"{', '.join(keys)}: done", flush=True)
    return True


@contextmanager
def claim(path: Path, key: str, timeout: float) -> Iterator[bool]:
    """Claim a job against other processes."""
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


def run_to_end(parser: ArgumentParser, run: Callable[[], list[str] | None]) -> None:
    """Run a program's jobs, and end it with status 2 if a file was made otherwise, with 1 if jobs failed."""
    try:
        failed = run()
    except MadeOtherwiseError as error:
        parser.error(str(error))
    end(failed or [])


def end(failed: list[str]) -> None:
    """End a program with status 1 if jobs failed."""
    if failed:
        sys.exit(f"failed: {'; '.join(failed)}")


def merge(path: Path, settings: dict, data: dict[str, str], runs: dict[str, dict]) -> dict:
    """Add runs to what a result file has by now."""
    with lock(path.parent):
        known = read(path) or {}
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


def check_same(path: Path, known: dict, settings: dict, data: dict[str, str] | None = None) -> None:
    """Refuse to mix results."""
    other = {name: known.get(name) for name, value in settings.items() if known.get(name) != value}
    had = known.get("data", {})
    files = [name for name, value in (data or {}).items() if had.get(name, value) != value]
    if other:
        made_with = " ".join(f"{name}={value}" for name, value in other.items())
        now = " ".join(f"{name}={settings[name]}" for name in other)
        difference = f"{made_with}, not with {now}"
    elif files:
        difference = f"other files of {', '.join(files)}"
    else:
        return
    msg = f"{path} was made with {difference}; remove it, or choose another name or folder"
    raise MadeOtherwiseError(msg)


def add_rows(path: Path, rows: list[dict[str, Any]], keys: tuple[str, ...]) -> None:
    """Put rows into a result file that is a list, in the place of those with the same values of the keys."""
    measured = {tuple(row[key] for key in keys) for row in rows}
    with lock(path.parent):
        kept = [row for row in read(path) or [] if tuple(row[key] for key in keys) not in measured]
        _write(path, kept + rows)
