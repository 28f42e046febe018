# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A checksum in a graph of the files beside it: neither weights nor reference values have one of their own."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

from anomalib_scadn.files import file_digest, write_whole

from .companions import find_companions

CHECKSUM = "anomalib_scadn_sha256"
"""Name of the property: of ONNX's metadata, or beside the other one in OpenVINO's ``rt_info``."""


def compute_checksum(files: Iterable[Path]) -> str:
    """Compute one SHA-256 of several files, whatever their names and order are.

    Args:
        files (Iterable[Path]): The files.

    Returns:
        str: In hexadecimal digits.

    Raises:
        OSError: If a file cannot be read.
    """
    joint = hashlib.sha256()
    for digest in sorted(file_digest(path) for path in files):
        joint.update(digest)
    return joint.hexdigest()


def write_checksum(graph: Path) -> None:
    """Write the checksum of the files beside a graph that it needs into it, in place of an older one.

    Whoever changes an exported graph's weights with another tool writes the checksum anew.

    Args:
        graph (Path): File of the graph (.onnx or .xml), rewritten.

    Raises:
        OSError: If a file cannot be read or written.
    """
    value = compute_checksum(find_companions(graph))
    if graph.suffix == ".onnx":
        import onnx

        model = onnx.load(graph, load_external_data=False)
        onnx.helper.set_model_props(model, {prop.key: prop.value for prop in model.metadata_props} | {CHECKSUM: value})
        write_whole(graph, model.SerializeToString())
        return
    tree = ET.parse(graph)  # noqa: S314  # just written by OpenVINO
    place = tree.getroot()
    for name in ("rt_info", "framework", CHECKSUM):
        found = place.find(name)
        place = ET.SubElement(place, name) if found is None else found
    place.set("value", value)
    write_whole(graph, ET.tostring(tree.getroot(), encoding="utf-8", xml_declaration=True))


def check_checksum(graph: Path, expected: str | None, files: Iterable[Path]) -> None:
    """Raise unless the files beside a graph are those that were exported with it.

    Args:
        graph (Path): File of the graph, for the message.
        expected (str | None): Its property, ``None`` if it has none.
        files (Iterable[Path]): The files beside it that it needs.

    Raises:
        ValueError: If they are others; the message names them.
        OSError: If a file cannot be read.
    """
    if expected is None:
        msg = f"{graph} holds no checksum of the files beside it: an older version exported it, export the model again"
        raise ValueError(msg)
    needed = list(files)
    if compute_checksum(needed) != expected:
        names = ", ".join(str(path) for path in needed) or "weights in a file of their own"
        msg = f"{graph} was not exported with {names}: damaged, or another export's; copy all files, or export again"
        raise ValueError(msg)
