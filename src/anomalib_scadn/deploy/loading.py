# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Loading of a model into the runtime that its file is for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from anomalib_scadn.checks import check_choice, check_count, check_installed
from anomalib_scadn.export.checksum import check_checksum
from anomalib_scadn.export.companions import find_companions
from anomalib_scadn.training.thresholds import warn_if_never_validated

from .backends import Backend
from .precision import Precision

SUFFIXES = (".ckpt", ".onnx", ".xml")


def load_backend(
    path: str | Path,
    device: str = "cpu",
    *,
    passes_at_once: int | None = None,
    precision: Precision = "f32",
    options: Mapping[str, Any] | None = None,
) -> Backend:
    """Load a model.

    Args:
        path (str | Path): Lightning checkpoint (.ckpt), ONNX graph (.onnx) or OpenVINO graph (.xml).
        device (str): Device in the runtime's own words: ``"cpu"``, ``"cuda"`` (PyTorch, ONNX Runtime), ``"CPU"``,
            ``"GPU"``, ``"AUTO"`` (OpenVINO). Defaults to ``"cpu"``.
        passes_at_once (int | None): Masked images that go through the generator at once, for a checkpoint and for a
            generator alone. Defaults to ``None``: as many as a 512 x 512 image has pixels.
        precision (Literal["f32", "f16", "bf16", "int8", "auto"]): What the networks are computed in, see
            :class:`~anomalib_scadn.deploy.StripedMaskInferencer`. Defaults to ``"f32"``.
        options (Mapping[str, Any] | None): OpenVINO's properties, or ONNX Runtime's ``providers``,
            ``provider_options``, ``session_options``. Defaults to ``None``.

    Returns:
        Backend: The loaded model.

    Raises:
        FileNotFoundError: If the file or one that belongs to it does not exist.
        ValueError: If the file is of an unknown kind or damaged, a graph is no export of SCADN, or file or processor do
            not have the precision.
        ImportError: If the file's runtime is not installed; the message names the extra.
    """
    file = Path(path)
    if file.suffix not in SUFFIXES:
        msg = f"a model must be a file ending in {', '.join(SUFFIXES)}, got {file}"
        raise ValueError(msg)
    if not file.is_file():
        msg = f"no such model: {file}"
        raise FileNotFoundError(msg)
    check_count(1, passes_at_once=passes_at_once)
    check_choice(get_args(Precision), precision=precision)
    backend = _load(file, device, passes_at_once, precision, options or {})
    warn_if_never_validated(backend.metadata.post_processor, file)
    return backend


def thread_options(path: Path, threads: int, device: str = "cpu") -> dict[str, Any] | None:
    """Tell a graph's runtime how many threads to compute with.

    Args:
        path (Path): File of the model. That of PyTorch is told by ``torch.set_num_threads``.
        threads (int): CPU threads.
        device (str): Device in the runtime's own words. Defaults to ``"cpu"``.

    Returns:
        dict[str, Any] | None: Options for :func:`load_backend`; ``None`` for a checkpoint, or a device that has no such
            threads.

    Raises:
        ImportError: If the file's runtime is not installed; the message names the extra.
    """
    if device.lower() != "cpu":
        return None
    if path.suffix == ".xml":
        return {"INFERENCE_NUM_THREADS": threads}
    if path.suffix == ".onnx":
        check_installed("onnxruntime", "onnx", str(path))
        from .onnx_graph import new_session_options

        options = new_session_options()
        options.intra_op_num_threads = threads
        return {"session_options": options}
    return None


def _load(
    file: Path, device: str, passes_at_once: int | None, precision: Precision, options: Mapping[str, Any]
) -> Backend:
    from .graphs import Graph

    graph: Graph
    if file.suffix == ".ckpt":
        from .checkpoint import CheckpointBackend

        return CheckpointBackend(file, device, passes_at_once, precision, options)
    if file.suffix == ".onnx":
        check_installed("onnxruntime", "onnx", str(file))
        from .onnx_graph import OnnxGraph

        graph = OnnxGraph(file, device, precision, options)
    else:
        check_installed("openvino", "openvino", str(file))
        from .openvino_graph import OpenVinoGraph

        graph = OpenVinoGraph(file, device, precision, options, passes_at_once)
    backend: Backend
    if graph.metadata.kind == "full":
        from .full_graph import FullGraphBackend

        backend = FullGraphBackend(graph)
    else:  # the score that follows it needs torch
        from .generator_graph import GeneratorBackend

        backend = GeneratorBackend(graph, passes_at_once)
    check_checksum(file, graph.checksum, find_companions(file))
    return backend
