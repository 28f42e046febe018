# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The host's exports, with SCADN's inner values kept under their names.

The host's inferencers know four outputs and refuse others, and what they get is normalized and clipped. So a graph
is exported with the inner values (:data:`INNER_VALUES`) as outputs, which names them, and then these are taken off
the list of outputs: they stay in the graph, on the way to the four, and whoever knows their names can ask for them.
ONNX Runtime and OpenVINO both can; see :mod:`anomalib_scadn.deploy`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import torch
from anomalib.data import AnomalibDataModule, InferenceBatch
from anomalib.deploy import CompressionType
from anomalib.models.components.base.export_mixin import ExportMixin
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor

from .files import publish, temporary_folder, write_whole
from .metadata import describe, write_metadata
from .plain_weights import for_inference
from .quantization import CALIBRATED, check_limits, import_build_tools, quantizing_up_to, sparing_memory
from .scoring import CompositeScore, Score
from .torch_model import ScadnModel


class OpenBatch(NamedTuple):
    """The host's four outputs, then what led there.

    Attributes:
        pred_score (torch.Tensor | None): Normalized scores, shape (N,).
        pred_label (torch.Tensor | None): Labels, shape (N,).
        anomaly_map (torch.Tensor | None): Normalized maps, shape (N, 1, H, W).
        pred_mask (torch.Tensor | None): Masks, shape (N, 1, H, W).
        raw_score (torch.Tensor): Scores before normalization, shape (N,).
        raw_map (torch.Tensor): Maps before normalization, shape (N, 1, H, W).
        scale_maps (torch.Tensor): E_i, shape (N, S, H, W).
        selected_scale (torch.Tensor): f, shape (N,), int64.
        reconstructions (torch.Tensor): Î_ij, shape (N, 4 * S, 3, H, W), range [0, 1].
    """

    pred_score: torch.Tensor | None
    pred_label: torch.Tensor | None
    anomaly_map: torch.Tensor | None
    pred_mask: torch.Tensor | None
    raw_score: torch.Tensor
    raw_map: torch.Tensor
    scale_maps: torch.Tensor
    selected_scale: torch.Tensor
    reconstructions: torch.Tensor


INNER_VALUES = OpenBatch._fields[len(InferenceBatch._fields) :]


class ScadnExport(ExportMixin):
    """SCADN's part of the host's exports; a base of the Lightning model, before the host's own base."""

    model: ScadnModel
    pre_processor: PreProcessor | None
    post_processor: PostProcessor | None
    _open = False

    def forward(self, batch: torch.Tensor, *args: Any, **kwargs: Any) -> InferenceBatch | OpenBatch:  # noqa: ANN401
        """Resize, score, normalize, as the host's; while a graph is exported, with the inner values.

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
    def _opened(self) -> Iterator[None]:
        self._open = True
        try:
            yield
        finally:
            self._open = False

    def to_onnx(
        self,
        export_root: Path | str,
        model_file_name: str = "model",
        input_size: tuple[int, int] | None = None,
        **kwargs: Any,  # noqa: ANN401  # passed on to torch.onnx.export
    ) -> Path:
        """Export to ONNX, to opset 18 unless told otherwise: below it there is no reflection padding.

        Args:
            export_root (Path | str): Folder to write ``weights/onnx`` into.
            model_file_name (str): Name without suffix. Defaults to ``"model"``.
            input_size (tuple[int, int] | None): Fixed height and width of raw images. Defaults to ``None``, any.
            **kwargs (Any): As the host's.

        Returns:
            Path: The written ``.onnx`` file; its metadata lie beside it as ``.json``.
        """
        kwargs.setdefault("opset_version", 18)
        with temporary_folder(export_root) as folder:
            with self._opened():
                path = super().to_onnx(folder, model_file_name, input_size, **kwargs)
            hide_outputs(path, INNER_VALUES)
            write_metadata(describe(self.model, self.post_processor, "full"), path.with_suffix(".json"))
            return publish(path, folder, Path(export_root))

    def to_openvino(
        self,
        export_root: Path | str,
        model_file_name: str = "model",
        input_size: tuple[int, int] | None = None,
        compression_type: CompressionType | None = None,
        datamodule: AnomalibDataModule | None = None,
        **kwargs: Any,  # noqa: ANN401  # the host's own arguments
    ) -> Path:
        """Export to OpenVINO as the host does; calibration takes images one by one, whatever the batch size.

        Args:
            export_root (Path | str): Folder to write ``weights/openvino`` into.
            model_file_name (str): Name without suffix. Defaults to ``"model"``.
            input_size (tuple[int, int] | None): Fixed height and width of raw images. Defaults to ``None``, any.
            compression_type (CompressionType | None): As the host's. Defaults to ``None``.
            datamodule (AnomalibDataModule | None): Its validation images calibrate ``INT8_PTQ`` and ``INT8_ACQ``.
                Defaults to ``None``.
            **kwargs (Any): As the host's.

        Returns:
            Path: The written ``.xml`` file; its metadata lie beside it as ``.json``.

        Raises:
            ValueError: If a model that was never validated shall be calibrated.
        """
        check_limits(self.post_processor, compression_type)
        import_build_tools(compression_type)
        with (
            temporary_folder(export_root) as folder,
            sparing_memory(self.model.generator, compression_type, datamodule),
        ):
            path = super().to_openvino(folder, model_file_name, input_size, compression_type, datamodule, **kwargs)
            write_metadata(describe(self.model, self.post_processor, "full"), path.with_suffix(".json"))
            return publish(path, folder, Path(export_root))

    def _compress_ov_model(
        self,
        model: Any,  # noqa: ANN401  # OpenVINO is an extra
        compression_type: CompressionType | None = None,
        *args: Any,  # noqa: ANN401  # the host's own arguments
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Compress as the host does, but for a composite score: its small differences would vanish in 8 bits."""
        partly = compression_type in CALIBRATED and isinstance(self.model.scorer, CompositeScore)
        with quantizing_up_to(model, "reconstructions") if partly else nullcontext():
            return super()._compress_ov_model(model, compression_type, *args, **kwargs)

    def to_torch(self, export_root: Path | str, model_file_name: str = "model") -> Path:
        """Export without the discriminator: inference has no use for it, and spectral norm cannot be pickled.

        Args:
            export_root (Path | str): Folder to write ``weights/torch`` into.
            model_file_name (str): Name without suffix. Defaults to ``"model"``.

        Returns:
            Path: The written ``.pt`` file.
        """
        with for_inference(self.model, self.model.training_only), temporary_folder(export_root) as folder:
            return publish(super().to_torch(folder, model_file_name), folder, Path(export_root))


def open_batch(
    scorer: Score,
    post_processor: PostProcessor | None,
    images: torch.Tensor,
    reconstructions: torch.Tensor,
    masks: torch.Tensor,
) -> OpenBatch:
    """Score and normalize, and keep what led there.

    Args:
        scorer (Score): How reconstructions become maps and scores.
        post_processor (PostProcessor | None): The host's; ``None`` leaves scores as they are.
        images (torch.Tensor): I, shape (N, 3, H, W), range [0, 1].
        reconstructions (torch.Tensor): Î_ij, shape (N, 4 * S, 3, H, W), range [0, 1].
        masks (torch.Tensor): M_ij, shape (4 * S, 1, H, W), 1 = kept, 0 = removed.

    Returns:
        OpenBatch: The host's outputs and the inner values.
    """
    output = scorer(images, reconstructions, masks)
    predictions = InferenceBatch(pred_score=output.pred_score, anomaly_map=output.anomaly_map)
    if post_processor is not None:
        predictions = post_processor(predictions)
    return OpenBatch(
        **predictions._asdict(),
        raw_score=output.pred_score,
        raw_map=output.anomaly_map,
        scale_maps=output.scale_maps,
        selected_scale=output.selected_scale,
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
