# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Memory of the process that asks; needs nothing but Python, so that asking takes none."""

import resource
import sys
from pathlib import Path

MEBIBYTE = 2**20


def peak_memory() -> float:
    """Peak of this process's resident memory so far, in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():  # on Linux getrusage starts from the peak of the process that started this one
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEBIBYTE if sys.platform == "darwin" else peak / 1024
