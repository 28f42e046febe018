# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Runs that can be stopped and gone on with: each result is in its file before the next run starts.

A result file holds its settings, the machine and ``runs``, the metrics by key. A key that the file has is not run
again; a file that was made with other settings is refused.
"""

import json
import platform
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

import torch

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("anomalib-scadn", "anomalib", "lightning", "torch")

Metrics = dict[str, float]
Options = dict[str, object]
"""The host's options by name, for example ``{"model.base_channels": 8}``."""

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
        path (Path): File to write.
        result (dict | list): What goes into it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(result, indent=2) + "\n")
    temporary.replace(path)


def split_extra(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split a command line at ``--``.

    Args:
        arguments (list[str]): The command line.

    Returns:
        tuple[list[str], list[str]]: A benchmark's own arguments, and the host's.
    """
    split = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:split], arguments[split + 1 :]


def parse_options(extra: list[str]) -> Options:
    """Read the host's arguments.

    Args:
        extra (list[str]): ``--name value`` or ``--name=value``, any number of times.

    Returns:
        Options: Values by name.

    Raises:
        ValueError: If an argument has no name or no value.
    """
    pairs = iter(extra)
    options: Options = {}
    for argument in pairs:
        name, equals, value = argument.partition("=")
        value = value if equals else next(pairs, None)
        if not name.startswith("--") or value is None:
            msg = f"expected --name value after --, got {argument!r}"
            raise ValueError(msg)
        options[name.removeprefix("--")] = value
    return options


def read_arguments(parser: ArgumentParser) -> tuple[Namespace, list[str], Options]:
    """Read the command line of a benchmark whose runs are made in its own process.

    Args:
        parser (ArgumentParser): The benchmark's own arguments; says what is wrong with the host's.

    Returns:
        tuple[Namespace, list[str], Options]: The benchmark's own arguments, and the host's as given and by name.
    """
    own, extra = split_extra(sys.argv[1:])
    arguments = parser.parse_args(own)
    try:
        return arguments, extra, parse_options(extra)
    except ValueError as error:
        parser.error(str(error))


def without_paths(extra: list[str]) -> list[str]:
    """Take the folder of the data out of the host's arguments: where data lie is nobody else's business.

    Args:
        extra (list[str]): Arguments of the host.

    Returns:
        list[str]: The same with DIR in place of the folder.
    """
    hidden = ["DIR" if before == "--data.root" else value for before, value in zip(["", *extra], extra, strict=False)]
    return ["--data.root=DIR" if value.startswith("--data.root=") else value for value in hidden]


def run_missing(path: Path, settings: dict, jobs: Iterable[Job], parser: ArgumentParser) -> dict:
    """Run the jobs of which a result is missing.

    Args:
        path (Path): Result file.
        settings (dict): What all runs of the file have in common.
        jobs (Iterable[Job]): The jobs.
        parser (ArgumentParser): Says what is wrong, and ends the program, if the file was made with other settings.

    Returns:
        dict: Contents of the result file.
    """
    result = {**settings, "machine": machine(), "runs": {}}
    if path.is_file():
        known = json.loads(path.read_text())
        if {name: known.get(name) for name in settings} != settings:
            made_with = " ".join(f"{name}={known.get(name)}" for name in settings)
            parser.error(f"{path} was made with {made_with}; remove it or choose another name")
        result["runs"] = known["runs"]
    for keys, job in jobs:
        if all(key in result["runs"] for key in keys):
            continue
        result["runs"].update(zip(keys, job(), strict=True))
        save(path, result)
        print(f"{path.name}: {', '.join(keys)}: {[result['runs'][key] for key in keys]}", flush=True)
    return result
