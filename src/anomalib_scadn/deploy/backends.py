# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What can run a model: one interface, chosen by the file."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anomalib_scadn.metadata import Metadata, read_metadata

Values = dict[str, npt.NDArray[Any]]

SUFFIXES = (".ckpt", ".onnx", ".xml")


class Backend(ABC):
    """A loaded model.

    Attributes:
        metadata (Metadata): Description of the model.
    """

    metadata: Metadata

    @abstractmethod
    def run(self, batch: npt.NDArray[np.float32], *, reconstruction: bool = False) -> Values:
        """Predict a batch; each image's result is independent of the others.

        Args:
            batch (npt.NDArray[np.float32]): Raw images of one size, shape (N, 3, H, W), range [0, 1].
            reconstruction (bool): Whether to return what was painted. Defaults to ``False``.

        Returns:
            Values: ``pred_score``, ``raw_score`` (N,) float32; ``pred_label`` (N,) bool; ``selected_scale`` (N,)
                int64; ``anomaly_map``, ``raw_map`` (N, h, w) float32; ``pred_mask`` (N, h, w) bool; ``scale_maps``
                (N, S, h, w) float32; on request ``reconstruction`` (N, h, w, 3) float32; h x w is the model's size.

        Raises:
            ValueError: If the model cannot take images of this size.
        """


def load_backend(
    path: str | Path,
    device: str = "cpu",
    *,
    metadata: str | Path | None = None,
    passes_at_once: int = 4,
    options: Mapping[str, Any] | None = None,
) -> Backend:
    """Load a model.

    Args:
        path (str | Path): Lightning checkpoint (.ckpt), ONNX graph (.onnx) or OpenVINO graph (.xml).
        device (str): Device in the runtime's own words: ``"cpu"``, ``"cuda"`` (PyTorch, ONNX Runtime), ``"CPU"``,
            ``"GPU"``, ``"AUTO"`` (OpenVINO). Defaults to ``"cpu"``.
        metadata (str | Path | None): Description of a graph; a checkpoint takes none. Defaults to ``None``:
            ``.json`` beside the graph.
        passes_at_once (int): Masked images that go through the generator at once, for a checkpoint and for a
            generator alone. Defaults to ``4``.
        options (Mapping[str, Any] | None): OpenVINO's properties, or ONNX Runtime's ``providers``,
            ``provider_options``, ``session_options``. Defaults to ``None``.

    Returns:
        Backend: The loaded model.

    Raises:
        FileNotFoundError: If the file or one that belongs to it does not exist.
        ValueError: If the file is of an unknown kind or damaged, or its metadata do not match it.
    """
    file = Path(path)
    if file.suffix not in SUFFIXES:
        msg = f"a model must be a file ending in {', '.join(SUFFIXES)}, got {file}"
        raise ValueError(msg)
    if not file.is_file():
        msg = f"no such model: {file}"
        raise FileNotFoundError(msg)
    if passes_at_once < 1:
        msg = f"passes_at_once must be at least 1, got {passes_at_once}"
        raise ValueError(msg)
    if file.suffix == ".ckpt":
        if metadata is not None:
            msg = f"a .ckpt file describes itself and takes no metadata, got {metadata}"
            raise ValueError(msg)
        from .checkpoint import CheckpointBackend

        return CheckpointBackend(file, device, passes_at_once, options)
    description = Path(metadata) if metadata is not None else file.with_suffix(".json")
    return _load_graph(file, device, description, passes_at_once, options or {})


def _load_graph(file: Path, device: str, description: Path, passes_at_once: int, options: Mapping[str, Any]) -> Backend:
    from .full_graph import FullGraphBackend
    from .generator_graph import GeneratorBackend, even_chunk
    from .graphs import Graph, check_match

    known = read_metadata(description)
    graph: Graph
    if file.suffix == ".onnx":
        from .onnx_graph import OnnxGraph

        graph = OnnxGraph(file, device, options)
    else:
        from .openvino_graph import OpenVinoGraph

        chunk = even_chunk(known, passes_at_once) if known.kind == "generator" else None
        graph = OpenVinoGraph(file, device, options, chunk)
    check_match(graph, known, description)
    if known.kind == "full":
        return FullGraphBackend(graph, known)
    return GeneratorBackend(graph, known, description, passes_at_once)
