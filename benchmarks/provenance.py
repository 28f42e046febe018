# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Where figures come from: processes, machine, versions and memory, and files told from each other by contents."""

import hashlib
import multiprocessing
import os
import platform
import re
import resource
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path, PureWindowsPath
from typing import Any

PACKAGES = (
    "anomalib-scadn", "anomalib", "lightning", "torch", "torchvision", "torchmetrics", "timm", "scikit-learn"
)  # fmt: skip

LAYOUT = ("train", "test", "ground_truth")
"""What a folder in the layout of MVTec AD is read from."""

MEBIBYTE = 2**20

MARK = "SCADN_BENCHMARK"
"""Variable of the environment that tells the processes of a run from all others."""

PERIOD = 2.0
"""Seconds between two looks at the memory."""


def in_own_process(function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401  # whatever it returns
    """Call a function in a process of its own, so that memory is the call's own and a crash harms no other."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def processor() -> str:
    """Name the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def versions() -> dict[str, str]:
    """Name the versions that figures are made with."""
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}


def machine(*, cuda: bool | None = None) -> dict[str, str | int]:
    """Describe processor, memory, system, accelerator and versions.

    A GPU is named if ``cuda`` says that one did the work, or, when nothing is said, if this process has used one.
    """
    import torch

    used = torch.cuda.is_initialized() if cuda is None else cuda
    pages = [os.sysconf(name) for name in ("SC_PAGE_SIZE", "SC_PHYS_PAGES")] if hasattr(os, "sysconf") else []
    return {
        "processor": processor(),
        "cores": os.cpu_count() or 0,
        "threads": torch.get_num_threads(),
        **({"memory_gib": round(pages[0] * pages[1] / 2**30)} if pages else {}),
        "system": f"{platform.system()} {platform.release()}",
        "accelerator": torch.cuda.get_device_name() if used else "none",
        **versions(),
    }


def same_where_recorded(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Compare descriptions, of which older result files hold less."""
    return all(one[name] == other[name] for name in one.keys() & other.keys())


def peak_memory() -> float:
    """Peak of this process's resident memory so far, in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():  # on Linux getrusage starts from the peak of the process that started this one
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEBIBYTE if sys.platform == "darwin" else peak / 1024


@contextmanager
def memory_of_all() -> Iterator[list[float]]:
    """Sample the memory of this process and of all that it starts, shared memory counted once, in MiB."""
    mark, samples, ended = uuid.uuid4().hex, [], threading.Event()
    os.environ[MARK] = mark

    def sample() -> None:
        while not ended.wait(PERIOD):
            samples.append(sum(map(own_memory, [Path("/proc/self"), *started_with(mark)])))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()
        del os.environ[MARK]


def started_with(mark: str) -> Iterator[Path]:
    """Find the processes whose environment has a mark."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (process / "environ").read_bytes() and int(process.name) != os.getpid():
                yield process


def own_memory(process: Path) -> float:
    """A process's share of the memory that it uses, in MiB; 0 if it has ended."""
    with suppress(OSError):
        for line in (process / "smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / MEBIBYTE
    return 0.0


def sha256(path: Path) -> str:
    """Hash a file."""
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
    """Name a file and its contents."""
    return f"{path.name}, SHA-256 {sha256(path)}"


def without_folders(value: Any) -> Any:  # noqa: ANN401  # whatever YAML holds
    """Put names of files in place of paths: where files lie is nobody else's business."""
    if isinstance(value, dict):
        return {name: without_folders(part) for name, part in value.items()}
    if isinstance(value, list):
        return [without_folders(part) for part in value]
    # What cannot be told from a number or a word is none, whatever files lie in the working folder.
    if not isinstance(value, str) or not re.search(r"[/\\]|\.[A-Za-z]\w*$", value):
        return value
    path = Path(value)
    return named_hash(path) if path.is_file() else PureWindowsPath(value).name


def without_paths(extra: list[str]) -> list[str]:
    """Take folders out of anomalib's arguments."""
    hidden = []
    for before, argument in zip(["", *extra], extra, strict=False):
        name, equals, value = argument.partition("=") if argument.startswith("--") else (before, "", argument)
        value = "DIR" if value and name == "--data.root" else without_folders(value)
        hidden.append(f"{name}{equals}{value}" if argument.startswith("--") else value)
    return hidden


def fingerprint(paths: Iterable[Path], root: Path) -> str:
    """Tell one set of files from another."""
    files = sorted(file for path in paths for file in _files_below(path))
    digest = hashlib.sha256("".join(f"{file.relative_to(root).as_posix()} {sha256(file)}\n" for file in files).encode())
    return f"{len(files)} files, SHA-256 {digest.hexdigest()}"


def folder_fingerprint(folder: Path) -> str:
    """Tell one folder in the layout of MVTec AD from another."""
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
