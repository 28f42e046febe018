# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Files that appear under their name only when they are whole."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears under its name, or replaces what was there, only when it is whole and on disk.

    A folder must have one writer at a time.

    Args:
        path (Path): File to write, in a folder that exists.
        data (bytes): Its content.

    Raises:
        OSError: If the file cannot be written.
    """
    # One short name for all: a longer one than the file's own might be too long where the file's is not.
    temporary = path.with_name(".part")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
