# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The machine and the versions that figures are measured with."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

PACKAGES = (
    "anomalib-scadn", "anomalib", "lightning", "torch", "torchvision", "torchmetrics", "timm", "scikit-learn"
)  # fmt: skip


def processor() -> str:
    """Name the processor.

    Returns:
        str: Its model where the system tells, else its architecture.
    """
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def versions() -> dict[str, str]:
    """Name the versions that figures are made with.

    Returns:
        dict[str, str]: Of Python and of ``PACKAGES``.
    """
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}


def machine(*, cuda: bool | None = None) -> dict[str, str | int]:
    """Describe what the figures were measured on.

    Args:
        cuda (bool | None): Whether a CUDA GPU did the work. Defaults to ``None``, whether this process has used one.

    Returns:
        dict[str, str | int]: Processor and its cores, threads of torch, memory in GiB, system, accelerator, versions.
    """
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
    """Compare descriptions, of which older result files hold less.

    Args:
        one (Mapping[str, Any]): A description.
        other (Mapping[str, Any]): Another.

    Returns:
        bool: Whether all is equal that both hold.
    """
    return all(one[name] == other[name] for name in one.keys() & other.keys())
