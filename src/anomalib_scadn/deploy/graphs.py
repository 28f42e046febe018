# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""An exported graph in a runtime, and whether its metadata match it."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anomalib_scadn.export.full import INNER_VALUES
from anomalib_scadn.export.metadata import Metadata
from anomalib_scadn.masks import count_scales
from anomalib_scadn.scoring import as_score

Shape = tuple[int | None, ...]


class Graph(ABC):
    """A graph with one input of shape (N, 3, H, W), float32.

    Attributes:
        path (Path): File of the graph.
        input_shape (Shape): Shape of the input, ``None`` where any.
        output_shapes (dict[str, Shape]): Shape of each value that :meth:`run` returns, by name; of a full graph also
            those of its inner values.
    """

    path: Path
    input_shape: Shape
    output_shapes: dict[str, Shape]

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


def check_match(graph: Graph, metadata: Metadata, description: Path) -> None:
    """Raise unless metadata describe a graph.

    Args:
        graph (Graph): The graph.
        metadata (Metadata): Its description.
        description (Path): Where that was read from.

    Raises:
        ValueError: If they do not match; the message names both files.
    """
    for difference in _differences(graph, metadata):
        msg = f"{description} does not match {graph.path}: {difference}"
        raise ValueError(msg)


def _differences(graph: Graph, metadata: Metadata) -> Iterator[str]:
    outputs = graph.output_shapes
    if ("anomaly_map" in outputs) != (metadata.kind == "full"):
        yield f"the metadata are of a {metadata.kind} graph, the graph has the outputs {', '.join(outputs)}"
        return
    if metadata.kind == "generator":
        if graph.input_shape[-2:] != metadata.image_size:
            yield f"image_size is {metadata.image_size}, the graph takes {graph.input_shape[-2:]}"
        return
    known: tuple[str, ...] = () if metadata.enable_normalization else ("raw_score", "raw_map")
    if not as_score(metadata.score).selects:
        known += ("selected_scale",)
    scales = count_scales(metadata.stripes, metadata.passes)
    if scales == 1:
        known += ("scale_maps", "selected_scale")
    missing = [name for name in INNER_VALUES if name not in outputs and name not in known]
    if missing:
        yield f"the graph has no {', '.join(missing)}; export it again with this package"
        return
    if outputs["anomaly_map"][-2:] != metadata.image_size:
        yield f"image_size is {metadata.image_size}, the graph's maps have {outputs['anomaly_map'][-2:]}"
    found = outputs["scale_maps"][1] if "scale_maps" in outputs else 1
    if found != scales:
        yield f"passes and stripes name {scales} scales, the graph has {found}"
