# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Loading of a model into the runtime that its file is for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anomalib_scadn.export.metadata import read_metadata
from anomalib_scadn.masks import MASKS_PER_SCALE

from .backends import Backend

SUFFIXES = (".ckpt", ".onnx", ".xml")


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
    from .generator_graph import GeneratorBackend
    from .graphs import Graph, check_match

    known = read_metadata(description)
    graph: Graph
    if file.suffix == ".onnx":
        from .onnx_graph import OnnxGraph

        graph = OnnxGraph(file, device, options)
    else:
        from .openvino_graph import OpenVinoGraph

        count = MASKS_PER_SCALE * len(known.stripes) if known.passes == "striped" else 1
        passes = min(passes_at_once, count)
        # A graph that is fixed to one batch is faster; the last chunk of an image's masks must be as long as the rest.
        even = known.kind == "generator" and count % passes == 0
        graph = OpenVinoGraph(file, device, options, passes if even else None)
    check_match(graph, known, description)
    if known.kind == "full":
        return FullGraphBackend(graph, known)
    return GeneratorBackend(graph, known, description, passes_at_once)
