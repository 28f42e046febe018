# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A graph in ONNX Runtime."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from anomalib_scadn.export.checksum import CHECKSUM
from anomalib_scadn.export.companions import find_weights
from anomalib_scadn.export.metadata import PROPERTY, read_metadata
from anomalib_scadn.export.values import INNER_VALUES

from .graphs import Graph
from .precision import QUANTIZED, Precision, choose_precision

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
SINGLE = "ONNX Runtime computes in the types of the graph, which are those of single precision; expected f32"
REFUSED = {
    "f16": SINGLE,
    "bf16": SINGLE,
    "int8": f"no ONNX graph is exported in 8 bits; expected {QUANTIZED}",
}
"""Precisions that no graph has."""

OPTIONS = ("providers", "provider_options", "session_options")

# Fields of ONNX's protobuf messages.
MODEL_GRAPH = 7
GRAPH_OUTPUT = 12
VALUE_NAME = 1
NODE_OUTPUT = 2


class OnnxGraph(Graph):
    """A graph in ONNX Runtime.

    Args:
        path (Path): ``.onnx`` file.
        device (str): ``"cpu"`` or ``"cuda"``; overruled by ``options["providers"]``.
        precision (Literal["f32", "f16", "bf16", "int8", "auto"]): ``"f32"`` or ``"auto"``.
        options (Mapping[str, Any]): ``providers``, ``provider_options`` and ``session_options`` of an
            ``InferenceSession``.

    Raises:
        FileNotFoundError: If the file with the weights is missing.
        ValueError: If the file is damaged or no export of SCADN, device or options are unknown, or the precision is
            another one.
    """

    def __init__(self, path: Path, device: str, precision: Precision, options: Mapping[str, Any]) -> None:
        unknown = options.keys() - set(OPTIONS)
        if unknown:
            msg = f"options of an .onnx file are {', '.join(OPTIONS)}, got {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        self.path = path
        self.precision = choose_precision(precision, path, REFUSED)
        content = path.read_bytes()
        find_weights(path)
        # With its field's number, because the exporter's notes on source lines hold the names, too.
        inner = [name for name in INNER_VALUES if _field(NODE_OUTPUT, name.encode()) in content]
        session_options = options.get("session_options") or new_session_options()
        session_options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(path.parent.resolve())
        )
        providers = options.get("providers") or _providers(device)
        try:
            self._session = ort.InferenceSession(
                content + _as_outputs(inner),
                session_options,
                providers=providers,
                provider_options=options.get("provider_options"),
            )
        except Exception as error:  # the runtime's errors have no common base of their own
            msg = f"{path} cannot be loaded by ONNX Runtime: {error}"
            raise ValueError(msg) from error
        _check_providers(path, providers, self._session.get_providers())
        self._input = self._session.get_inputs()[0].name
        self.input_shape = _shape(self._session.get_inputs()[0].shape)
        self.output_names = [output.name for output in self._session.get_outputs()]
        properties = self._session.get_modelmeta().custom_metadata_map
        self.metadata = read_metadata(properties.get(PROPERTY), path)
        self.checksum = properties.get(CHECKSUM)

    def run(self, batch: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
        """Run the graph. See :meth:`Graph.run`."""
        values = self._session.run(None, {self._input: batch})
        return dict(zip(self.output_names, values, strict=True))

    def run_into(self, chunks: Iterable[npt.NDArray[np.float32]], output: npt.NDArray[np.float32]) -> None:
        """Run chunk by chunk, bound to the output's own memory. See :meth:`Graph.run_into`."""
        (name,) = self.output_names
        first = 0
        for chunk in chunks:
            target = output[first : first + len(chunk)]
            binding = self._session.io_binding()
            binding.bind_cpu_input(self._input, np.ascontiguousarray(chunk))
            binding.bind_output(name, "cpu", 0, np.float32, target.shape, target.ctypes.data)
            self._session.run_with_iobinding(binding)
            binding.synchronize_outputs()
            first += len(chunk)


def new_session_options() -> ort.SessionOptions:
    """Make options that a session of ours has where a user gives none.

    Returns:
        ort.SessionOptions: ONNX Runtime's own, without the one block that is planned for all values: it takes more
            memory here.
    """
    options = ort.SessionOptions()
    options.enable_mem_pattern = False
    return options


def _providers(device: str) -> list[str]:
    known = {name: provider for name, provider in PROVIDERS.items() if provider in ort.get_available_providers()}
    if device.lower() not in known:
        msg = f"ONNX Runtime has the devices {', '.join(known)} here, got {device!r}"
        raise ValueError(msg)
    return list(dict.fromkeys((known[device.lower()], PROVIDERS["cpu"])))


def _check_providers(path: Path, wanted: Sequence[Any], found: Sequence[str]) -> None:
    """Raise unless the first provider is there: the runtime goes on without one whose libraries do not load."""
    first = wanted[0] if isinstance(wanted[0], str) else wanted[0][0]
    if first not in found:
        msg = f"{path} cannot be run by {first}, ONNX Runtime fell back to {', '.join(found)}; see its log above"
        raise ValueError(msg)


def _shape(shape: list[Any]) -> tuple[int | None, ...]:
    return tuple(side if isinstance(side, int) else None for side in shape)


def _as_outputs(names: list[str]) -> bytes:
    """Write a message that makes inner values outputs when it is put behind a model.

    Protobuf merges messages that stand one behind the other, so no library is needed to edit a graph.
    """
    values = (_field(GRAPH_OUTPUT, _field(VALUE_NAME, name.encode())) for name in names)
    return _field(MODEL_GRAPH, b"".join(values)) if names else b""


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
