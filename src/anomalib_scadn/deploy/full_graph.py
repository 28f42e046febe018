# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A graph that holds the whole of SCADN's inference, from raw images to labels."""

import numpy as np
import numpy.typing as npt

from anomalib_scadn.components.resampling import resize_array

from .backends import Backend, Values, highest_scale
from .graphs import Graph, check_inner_values


class FullGraphBackend(Backend):
    """Runs a graph of anomalib's ``to_onnx`` or ``to_openvino``.

    Raw images are resized before a graph that is fixed to the model's size. Any other graph is given them as they are.

    Args:
        graph (Graph): The graph.

    Raises:
        ValueError: If the graph lacks an inner value; the message names the file.
    """

    def __init__(self, graph: Graph) -> None:
        check_inner_values(graph)
        super().__init__(graph.metadata, graph.precision)
        self._graph = graph

    def run(self, batch: npt.NDArray[np.float32], *, reconstruction: bool = False) -> Values:
        """Predict a batch. See :meth:`Backend.run`."""
        values = self._graph.run(self._fit(batch))
        if "raw_score" not in values:  # nothing normalizes, so the graph says it once
            values |= {"raw_score": values["pred_score"], "raw_map": values["anomaly_map"]}
        if "scale_maps" in values and "selected_scale" not in values:  # OpenVINO removes what nothing depends on
            values |= {"selected_scale": highest_scale(values["scale_maps"])}
        return self.finish(values, reconstruction=reconstruction)

    def _fit(self, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        count, *size = self._graph.input_shape[0], *self._graph.input_shape[-2:]
        if count is not None and count != len(batch):
            msg = f"{self._graph.path} takes batches of {count}, got {len(batch)}"
            raise ValueError(msg)
        if all(fixed in (None, side) for fixed, side in zip(size, batch.shape[-2:], strict=True)):
            return np.ascontiguousarray(batch)
        if tuple(size) != self.metadata.image_size:
            msg = f"{self._graph.path} takes images of {size[0]} x {size[1]} pixels only, got {batch.shape[-2:]}"
            raise ValueError(msg)
        return resize_array(batch, self.metadata.image_size)
