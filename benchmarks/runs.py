# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Runs that can be stopped and gone on with: each result is in its file before the next run starts.

A result file holds its settings, what tells its data from other data, and ``runs``: by key the metrics, and the machine
and the versions that they were measured with. A key that the file has is not run again; a file that was made with
another configuration, other settings or other data is refused. Several processes may fill one file.
"""

import json
import platform
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from anomalib_scadn.files import write_whole
from fingerprints import sha256
from host_arguments import without_paths

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("anomalib-scadn", "anomalib", "lightning", "torch")

Metrics = dict[str, float]
Job = tuple[list[str], Callable[[], list[Metrics]]]
"""Keys of the results that a job makes, and the job, which returns one result per key."""


def processor() -> str:
    """Name the processor.

    Returns:
        str: Its model where the system tells, else its architecture.
    """
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def machine() -> dict[str, str | int]:
    """Describe what the figures were measured on.

    Returns:
        dict[str, str | int]: Processor, cores, accelerator and versions.
    """
    return {
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


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
    path: Path, settings: dict, jobs: Iterable[Job], parser: ArgumentParser, data: dict[str, str] | None = None
) -> dict:
    """Run the jobs of which a result is missing.

    Args:
        path (Path): Result file.
        settings (dict): What all runs of the file have in common.
        jobs (Iterable[Job]): The jobs.
        parser (ArgumentParser): Says what is wrong, and ends the program, if the file was made with other settings.
        data (dict[str, str] | None): Fingerprints of the data by name. Defaults to ``None``.

    Returns:
        dict: Contents of the result file.
    """
    add = partial(merge, path, settings, data or {})
    try:
        result = add({})
        for keys, job in jobs:
            result = add({})  # another process may have made it by now
            if all(key in result["runs"] for key in keys):
                continue
            made = job()
            result = add({key: {**metrics, "machine": machine()} for key, metrics in zip(keys, made, strict=True)})
            print(f"{path.name}: {', '.join(keys)}: {made}", flush=True)
    except MadeOtherwiseError as error:
        parser.error(str(error))
    return result


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
        dict: All of the file.

    Raises:
        MadeOtherwiseError: If the file was made with other settings or other data.
    """
    with lock(path.parent):
        known = json.loads(path.read_text()) if path.is_file() else {}
        if known:
            check_same(path, known, settings, data)
        result = {**known, **settings, "runs": {**known.get("runs", {}), **runs}}
        if data:
            result["data"] = {**known.get("data", {}), **data}
        if runs:
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
        msg = f"{path} was made with {made_with}, not with {now}; remove it or choose another name"
        raise MadeOtherwiseError(msg)
    other = [name for name, value in data.items() if known.get("data", {}).get(name, value) != value]
    if other:
        msg = f"{path} was made with other files of {', '.join(other)}; remove it or choose another name"
        raise MadeOtherwiseError(msg)
