# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A graph in OpenVINO."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov

from anomalib_scadn.export.checksum import CHECKSUM
from anomalib_scadn.export.companions import find_weights
from anomalib_scadn.export.metadata import PROPERTY, read_metadata
from anomalib_scadn.export.values import INNER_VALUES, OpenBatch
from anomalib_scadn.masks.sizes import MASKS_PER_SCALE, equal_passes_at_once

from .graphs import Graph
from .openvino_changes import cut_off, fuse_norms, remove_resizing
from .precision import QUANTIZED, Precision, choose_precision

PRECISION = "INFERENCE_PRECISION_HINT"
"""OpenVINO's property of what is computed in; without it a processor that has bfloat16 takes that."""

CAPABILITIES = {"f16": "FP16", "bf16": "BF16", "int8": "INT8"}
"""OpenVINO's names of what a device computes in itself."""


class OpenVinoGraph(Graph):
    """A graph in OpenVINO.

    A quantized graph is computed in 8 bits where it is quantized, whatever is asked for, and the rest in float32. So is
    the score of a full graph in ``"f16"`` and ``"bf16"``: it compares small differences.

    Args:
        path (Path): ``.xml`` file.
        device (str): OpenVINO's name of a device, in any case.
        precision (Literal["f32", "f16", "bf16", "int8", "auto"]): ``"f16"`` or ``"bf16"`` on a device that
            has it, ``"int8"`` for a quantized graph.
        options (Mapping[str, Any]): OpenVINO's properties, without that of the precision.
        passes_at_once (int | None): Masked images that a generator alone is given at once, ``None`` for as many as a
            512 x 512 image has pixels.

    Raises:
        FileNotFoundError: If the ``.bin`` file is missing.
        ValueError: If a file is damaged or no export of SCADN, device or properties are unknown, or file or device do
            not have the precision.
    """

    def __init__(
        self, path: Path, device: str, precision: Precision, options: Mapping[str, Any], passes_at_once: int | None
    ) -> None:
        if PRECISION in str(options):  # of a device among several, too
            msg = f"precision is an argument of its own, expected no {PRECISION} among the options"
            raise ValueError(msg)
        self.path = path
        (weights,) = find_weights(path)
        self._device = device.upper()
        try:
            core = ov.Core()
            self._model = core.read_model(path, weights)
            self.metadata = read_metadata(self._property(PROPERTY), path)
            self.checksum = self._property(CHECKSUM)
            found = {name for op in self._model.get_ops() for output in op.outputs() for name in output.names}
            inner = [name for name in INNER_VALUES if name in found]
            if inner:
                self._model.add_outputs(inner)
            self._one_by_one = self.metadata.kind == "full" and self._model.input(0).partial_shape[0].is_dynamic
            self._fix_shape(passes_at_once)
            self.precision, hint = self._choose(core, precision)
            models = {hint: self._model}
            if hint != "f32" and "reconstructions" in inner:  # a full graph
                models = {hint: cut_off(self._model, "reconstructions"), "f32": self._model}
            if hint == "bf16":  # in which norms by rows are no more accurate; of f16 nobody has measured it
                fuse_norms(models[hint])
            *self._before, self._compiled = (
                core.compile_model(model, self._device, {PRECISION: name, **options}) for name, model in models.items()
            )
            self.output_names = self._names()
        except (RuntimeError, UnicodeDecodeError) as error:  # its message may quote damaged bytes
            msg = f"{path} cannot be loaded by OpenVINO on {self._device!r}: {error}"
            raise ValueError(msg) from error
        count, *others = (side.get_length() if side.is_static else None for side in self._model.input(0).partial_shape)
        self.input_shape = (None if self._one_by_one else count, *others)

    def _fix_shape(self, passes_at_once: int | None) -> None:
        """Fix what is fixed anyway: a fixed graph is faster, and of other sizes OpenVINO keeps what it compiled."""
        count, channels, *sides = self._model.input(0).partial_shape
        metadata = self.metadata
        if metadata.kind == "full":
            fits = metadata.resizes and all(side.is_dynamic for side in sides)
            size = metadata.image_size if fits else sides
            self._model.reshape([1 if self._one_by_one else count, channels, *size])
            if fits:
                remove_resizing(self._model)
            return
        masks = MASKS_PER_SCALE * len(metadata.stripes) if metadata.passes == "striped" else 1
        chunk = min(passes_at_once or equal_passes_at_once(metadata.image_size, masks), masks)
        if masks % chunk == 0:  # an image's last chunk of masks must be as long as the rest
            self._model.reshape([chunk, channels, *sides])

    def _choose(self, core: ov.Core, wanted: Precision) -> tuple[str, str]:
        """Choose what is computed in, and what OpenVINO is told of it."""
        quantized = any(node.get_type_name() == "FakeQuantize" for node in self._model.get_ops())
        refused = (
            dict.fromkeys(("f16", "bf16"), "it is quantized; expected int8")
            if quantized
            else {"int8": f"it is not quantized; expected {QUANTIZED}"}
        )
        if wanted != "f32":  # which every device has
            try:
                found = core.get_property(self._device, "OPTIMIZATION_CAPABILITIES")
                name = core.get_property(self._device, "FULL_DEVICE_NAME")
            except RuntimeError:  # HETERO, or a device that is not there
                msg = (
                    f"{self.path} cannot be run in precision {wanted} on {self._device!r}, which does not tell what it "
                    "computes in; expected f32"
                )
                raise ValueError(msg) from None
            lacking = [key for key, capability in CAPABILITIES.items() if capability not in found]
            refused = {key: f"{name} does not compute in {key} itself; expected f32" for key in lacking} | refused
        chosen = choose_precision(wanted, self.path, refused)
        return ("int8", "f32") if quantized else (chosen, chosen)

    def _property(self, name: str) -> str | None:
        place = ["framework", name]
        return self._model.get_rt_info(place).astype(str) if self._model.has_rt_info(place) else None

    def _names(self) -> list[str]:
        """Name the outputs; a value may have several names, of which one is known."""
        return [
            next((n for n in OpenBatch._fields if n in output.names), output.any_name) for output in self._model.outputs
        ]

    def run(self, batch: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
        """Run the graph, image by image if it takes any number of them. See :meth:`Graph.run`."""
        # A request of its own for each call: the compiled model's own one is shared by all threads, with its values.
        requests = [compiled.create_infer_request() for compiled in (*self._before, self._compiled)]
        found = []
        for part in np.split(batch, len(batch)) if self._one_by_one else [batch]:
            inputs = [part]
            for request in requests:
                values = request.infer(inputs, share_inputs=True)
                inputs = [part, values[0]]
            found.append(values)
        names = enumerate(self.output_names)
        return {name: np.concatenate([values[index] for values in found]) for index, name in names}

    def run_into(self, chunks: Iterable[npt.NDArray[np.float32]], output: npt.NDArray[np.float32]) -> None:
        """Run chunk by chunk, the next one made while one runs. See :meth:`Graph.run_into`."""
        request = self._compiled.create_infer_request()
        first = last = 0
        for chunk in chunks:
            self._collect(request, output[first:last])
            request.start_async({0: chunk})
            first, last = last, last + len(chunk)
        self._collect(request, output[first:last])

    @staticmethod
    def _collect(request: ov.InferRequest, target: npt.NDArray[np.float32]) -> None:
        """Wait for the running chunk, if there is one, and copy its result."""
        if len(target):
            request.wait()
            target[:] = request.get_output_tensor(0).data
