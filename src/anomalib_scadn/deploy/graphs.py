# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""An exported graph in a runtime, and whether it has what its metadata promise."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anomalib_scadn.export.metadata import Metadata
from anomalib_scadn.export.score_file import score_path
from anomalib_scadn.export.values import INNER_VALUES
from anomalib_scadn.stripes import count_scales

Shape = tuple[int | None, ...]


class Graph(ABC):
    """A graph with one input of shape (N, 3, H, W), float32; several threads may run it at once.

    Attributes:
        path (Path): File of the graph.
        input_shape (Shape): Shape of the input, ``None`` where any.
        output_names (list[str]): Names of the values that :meth:`run` returns; of a full graph also those of its inner
            values.
        metadata (Metadata): Its description.
        checksum (str | None): That of the files beside it, ``None`` if it has none.
    """

    path: Path
    input_shape: Shape
    output_names: list[str]
    metadata: Metadata
    checksum: str | None

    @abstractmethod
    def run(self, batch: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
        """Run the whole graph once.

        Args:
            batch (npt.NDArray[np.float32]): Input, shape (N, 3, H, W).

        Returns:
            dict[str, npt.NDArray[Any]]: Values by name.
        """

    @abstractmethod
    def run_into(self, chunks: Iterable[npt.NDArray[np.float32]], output: npt.NDArray[np.float32]) -> None:
        """Run a graph of one output chunk by chunk; the next chunk is made while the last one runs, if possible.

        Args:
            chunks (Iterable[npt.NDArray[np.float32]]): Inputs, shape (n, 3, H, W) each.
            output (npt.NDArray[np.float32]): Written, shape (N, 3, H, W), where N is the sum of all n.
        """


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


def check_inner_values(graph: Graph) -> None:
    """Raise unless a full graph has its inner values, which another tool may have removed.

    Args:
        graph (Graph): The graph.

    Raises:
        ValueError: If one is missing; the message names the file.
    """
    metadata = graph.metadata
    optional: set[str] = set() if metadata.enable_normalization else {"raw_score", "raw_map"}
    if not metadata.selects:
        optional |= {"selected_scale"}
    if count_scales(metadata.stripes, metadata.passes) == 1:
        optional |= {"scale_maps", "selected_scale"}
    missing = [name for name in INNER_VALUES if name not in optional and name not in graph.output_names]
    if missing:
        msg = f"{graph.path} has no {', '.join(missing)}; export it again with this package"
        raise ValueError(msg)
