# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The whole inference as one graph, with SCADN's inner values under their names.

anomalib's inferencers know four outputs and refuse others. The four are normalized and clipped. A graph is therefore
exported with the inner values (:mod:`~anomalib_scadn.export.values`) as outputs, which names them. Then the inner
values leave the list of outputs. They stay in the graph, and ONNX Runtime and OpenVINO give them on request by name, as
:mod:`anomalib_scadn.deploy` does.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from anomalib.data import InferenceBatch
from anomalib.deploy import CompressionType
from anomalib.post_processing import PostProcessor

from anomalib_scadn.components.pre_processor import ScadnPreProcessor
from anomalib_scadn.files import write_whole
from anomalib_scadn.scoring import Score
from anomalib_scadn.torch_model import ScadnModel
from anomalib_scadn.training.reference import warn_if_unfitted

from .base import WholeExport
from .description import describe
from .metadata import embed_metadata
from .quantization import quantizing_up_to
from .values import INNER_VALUES, OpenBatch


class ScadnExport(WholeExport):
    """SCADN's part of anomalib's exports: graphs with inner values and metadata."""

    model: ScadnModel
    _open = False

    @property
    def resizes(self) -> bool:
        """Whether raw images are resized to the model's size, and nothing else happens to them before the passes."""
        found = self.pre_processor
        return isinstance(found, ScadnPreProcessor) and found.resized_size == self.model.image_size

    def forward(self, batch: torch.Tensor, *args: Any, **kwargs: Any) -> InferenceBatch | OpenBatch:  # noqa: ANN401
        """Resize, score, normalize, as in anomalib; while a graph is exported, with the inner values.

        Args:
            batch (torch.Tensor): Raw images, shape (N, 3, H, W), range [0, 1].
            *args (Any): Unused.
            **kwargs (Any): Unused.

        Returns:
            InferenceBatch | OpenBatch: Scores, labels, maps and masks.
        """
        if not self._open:
            return super().forward(batch, *args, **kwargs)
        images = self.pre_processor(batch) if self.pre_processor else batch
        self.model.check_images(images)
        reconstructions = self.model.reconstruct(images)
        return open_batch(self.model.scorer, self.post_processor, images, reconstructions, self.model.masks)

    @contextmanager
    def _exporting(self) -> Iterator[None]:
        """Let :meth:`forward` give the inner values, which names them in the graph."""
        warn_if_unfitted(self.model)
        self._open = True
        try:
            with super()._exporting():
                yield
        finally:
            self._open = False

    def _complete(self, graph: Path) -> None:
        """Take the inner values off the outputs, and write metadata into the graph, also that of OpenVINO to come."""
        hide_outputs(graph, INNER_VALUES)
        embed_metadata(describe(self.model, self.post_processor, "full", resizes=self.resizes), graph)

    def _compress_ov_model(
        self,
        model: Any,  # noqa: ANN401  # OpenVINO is an extra
        compression_type: CompressionType | None = None,
        *args: Any,  # noqa: ANN401  # anomalib's own arguments
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Compress as anomalib does, but for a composite score: its small differences would vanish in 8 bits."""
        partly = compression_type not in (None, CompressionType.FP16) and self.model.scorer.exact
        with quantizing_up_to(model, "reconstructions") if partly else nullcontext():
            return super()._compress_ov_model(model, compression_type, *args, **kwargs)


def open_batch(
    scorer: Score,
    post_processor: PostProcessor | None,
    images: torch.Tensor,
    reconstructions: torch.Tensor,
    masks: torch.Tensor,
) -> OpenBatch:
    """Score and normalize, and keep the inner values.

    Args:
        scorer (Score): How reconstructions become maps and scores.
        post_processor (PostProcessor | None): anomalib's; ``None`` leaves scores as they are.
        images (torch.Tensor): I, shape (N, 3, H, W), range [0, 1].
        reconstructions (torch.Tensor): Î_ij, shape (N, 4 * S, 3, H, W), or (N, 1, 3, H, W) of one pass, range [0, 1].
        masks (torch.Tensor): M_ij, shape (4 * S, 1, H, W), or (1, 1, H, W), 1 = kept, 0 = removed.

    Returns:
        OpenBatch: anomalib's outputs and the inner values.
    """
    output = scorer(images, reconstructions, masks)
    predictions = InferenceBatch(pred_score=output.pred_score, anomaly_map=output.anomaly_map)
    if post_processor is not None:
        predictions = post_processor(predictions)
    several = output.scale_maps.shape[1] > 1  # else a runtime would keep one of two names of the same map
    return OpenBatch(
        **predictions._asdict(),
        raw_score=output.pred_score,
        raw_map=output.anomaly_map,
        scale_maps=output.scale_maps if several else None,
        selected_scale=output.selected_scale if several else None,
        reconstructions=reconstructions,
    )


def hide_outputs(path: Path, names: tuple[str, ...]) -> None:
    """Take values off a graph's list of outputs and leave them in the graph.

    A value that only repeats an output (a raw score that nothing normalizes) is removed.

    Args:
        path (Path): ONNX file, rewritten. Weights in a file of their own stay as they are.
        names (tuple[str, ...]): Outputs to hide.
    """
    import onnx

    model = onnx.load(path, load_external_data=False)
    graph = model.graph
    repeated = [node for node in graph.node if node.op_type == "Identity" and node.output[0] in names]
    removed = {node.output[0] for node in repeated}
    outputs = list(graph.output)
    for node in repeated:
        graph.node.remove(node)
    del graph.output[:]
    graph.output.extend(output for output in outputs if output.name not in names)
    graph.value_info.extend(output for output in outputs if output.name in names and output.name not in removed)
    write_whole(path, model.SerializeToString())
