# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The files that belong to a graph: found, and moved to their place together."""

import re
from pathlib import Path

from .score_file import score_path


def find_weights(path: Path) -> list[Path]:
    """Find the files that hold a graph's weights outside of it.

    Args:
        path (Path): File of the graph (.onnx or .xml).

    Returns:
        list[Path]: The ``.bin`` file of an OpenVINO graph; the files that an ONNX graph names, perhaps none.

    Raises:
        FileNotFoundError: If one is missing.
    """
    if path.suffix == ".xml":
        files = [path.with_suffix(".bin")]
    else:
        files = [path.parent / name for name in _external_names(path.read_bytes())]
    for file in files:
        if not file.is_file():
            msg = f"{path} needs its weights in {file}, which does not exist; copy both"
            raise FileNotFoundError(msg)
    return files


def find_companions(path: Path) -> list[Path]:
    """Find all files that belong to a graph.

    Args:
        path (Path): File of the graph (.onnx or .xml).

    Returns:
        list[Path]: Files with weights, and with the reference values of a generator alone.

    Raises:
        FileNotFoundError: If a file with weights is missing.
    """
    return [*find_weights(path), *(values for values in (score_path(path),) if values.is_file())]


def _external_names(content: bytes) -> list[str]:
    """Read the names of files with weights from an ONNX file, as the protobuf of its tensors spells them.

    An entry of ``external_data`` is a key (field 1) and a value (field 2), each with its length before it.
    """
    names = set()
    for match in re.finditer(rb"\x0a\x08location\x12([\x01-\x7f]|[\x80-\xff][\x01-\x7f])", content):
        digits = match[1]
        length = digits[0] if len(digits) == 1 else (digits[0] & 0x7F) + (digits[1] << 7)
        names.add(content[match.end() : match.end() + length].decode(errors="replace"))
    return sorted(names)


def publish(graph: Path, folder: Path, export_root: Path) -> Path:
    """Move an export from its temporary folder, the graph last: where it is, all is.

    Args:
        graph (Path): File of the graph, in ``folder`` or below; all files beside it are moved.
        folder (Path): The temporary folder.
        export_root (Path): Where the export will lie, at the same place as in ``folder``.

    Returns:
        Path: The moved graph.
    """
    target = export_root / graph.parent.relative_to(folder)
    target.mkdir(parents=True, exist_ok=True)
    # An older graph must not lie beside new weights, not even for a moment, nor a new one beside older values.
    for older in (target / graph.name, score_path(target / graph.name)):
        older.unlink(missing_ok=True)
    for path in sorted(graph.parent.iterdir(), key=lambda path: path == graph):
        path.replace(target / path.name)
    return target / graph.name
