# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A graph in OpenVINO."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov

from anomalib_scadn.export.full import INNER_VALUES

from .graphs import Graph, find_weights


class OpenVinoGraph(Graph):
    """A graph in OpenVINO, computed in float32 unless the properties say otherwise.

    On processors that have bfloat16, OpenVINO would use it, and scores would differ from those of training.

    Args:
        path (Path): ``.xml`` file.
        device (str): OpenVINO's name of a device, in any case.
        options (Mapping[str, Any]): OpenVINO's properties.
        chunk (int | None): Batch that the graph is fixed to. Defaults to ``None``, any.

    Raises:
        FileNotFoundError: If the ``.bin`` file is missing.
        ValueError: If a file is damaged, or device or properties are unknown.
    """

    def __init__(self, path: Path, device: str, options: Mapping[str, Any], chunk: int | None = None) -> None:
        self.path = path
        (weights,) = find_weights(path)
        self._device = device.upper()
        self._queue: ov.AsyncInferQueue | None = None
        self._properties = {"INFERENCE_PRECISION_HINT": "f32", **options}
        try:
            core = ov.Core()
            self._model = core.read_model(path, weights)
            found = {name for op in self._model.get_ops() for output in op.outputs() for name in output.names}
            inner = [name for name in INNER_VALUES if name in found]
            if inner:
                self._model.add_outputs(inner)
            if chunk is not None:
                self._model.reshape([chunk, *list(self._model.input(0).partial_shape)[1:]])
            self._compiled = core.compile_model(self._model, self._device, self._properties)
            self.output_shapes = {name: _shape(output.partial_shape) for name, output in self._named_outputs()}
        except (RuntimeError, UnicodeDecodeError) as error:  # its message may quote damaged bytes
            msg = f"{path} cannot be loaded by OpenVINO on {self._device!r}: {error}"
            raise ValueError(msg) from error
        self.input_shape = _shape(self._model.input(0).partial_shape)

    def _named_outputs(self) -> list[tuple[str, ov.Output]]:
        """List the outputs; a value may have several names, of which one is known."""
        known = ("pred_score", "pred_label", "anomaly_map", "pred_mask", *INNER_VALUES)
        outputs = self._model.outputs
        return [(next((n for n in known if n in output.names), output.any_name), output) for output in outputs]

    def run(self, batch: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
        """Run the graph. See :meth:`Graph.run`."""
        values = self._compiled(batch, share_inputs=True)
        return {name: values[index] for index, name in enumerate(self.output_shapes)}

    def run_into(self, chunks: Iterable[npt.NDArray[np.float32]], output: npt.NDArray[np.float32]) -> None:
        """Run chunk by chunk through an asynchronous queue of one. See :meth:`Graph.run_into`."""
        # No callback: it would need Python's lock on the runtime's thread, and a queue that is being closed holds it.
        queue = self._queue = self._queue or ov.AsyncInferQueue(self._compiled, 1)
        first = last = 0
        for chunk in chunks:
            self._collect(queue, output[first:last])
            queue.start_async({0: chunk})
            first, last = last, last + len(chunk)
        self._collect(queue, output[first:last])

    @staticmethod
    def _collect(queue: ov.AsyncInferQueue, target: npt.NDArray[np.float32]) -> None:
        """Wait for the running chunk, if there is one, and copy its result."""
        if len(target):
            queue.wait_all()
            target[:] = queue[0].get_output_tensor(0).data


def _shape(shape: ov.PartialShape) -> tuple[int | None, ...]:
    return tuple(side.get_length() if side.is_static else None for side in shape)
