# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""An exported graph in a runtime, and whether it has what its metadata promise."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anomalib_scadn.export.metadata import Metadata
from anomalib_scadn.export.values import INNER_VALUES
from anomalib_scadn.masks.sizes import count_scales

Shape = tuple[int | None, ...]


class Graph(ABC):
    """A graph with one input of shape (N, 3, H, W), float32; several threads may run it at once.

    Attributes:
        path (Path): File of the graph.
        input_shape (Shape): Shape of the input, ``None`` where any.
        output_names (list[str]): Names of the values that :meth:`run` returns; of a full graph also those of its inner
            values.
        metadata (Metadata): Its description.
        precision (str): What its networks are computed in: ``"f32"``, ``"f16"``, ``"bf16"`` or ``"int8"``.
        checksum (str | None): That of the files beside it, ``None`` if it has none.
    """

    path: Path
    input_shape: Shape
    output_names: list[str]
    metadata: Metadata
    precision: str
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
