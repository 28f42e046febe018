# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""anomalib's exports for every model of this package, without the networks that only train."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from anomalib.data import AnomalibDataModule
from anomalib.deploy import CompressionType
from anomalib.models.components.base.export_mixin import ExportMixin
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor

from anomalib_scadn.checks import check_installed
from anomalib_scadn.files import temporary_folder
from anomalib_scadn.torch_model import InferenceModel
from anomalib_scadn.training.thresholds import warn_if_never_validated

from .checksum import write_checksum
from .companions import publish
from .plain_weights import for_inference
from .quantization import check_limits, import_build_tools, sparing_memory

OPSET = 18
"""The first ONNX opset that has reflection padding."""


def check_tools(export_type: Literal["onnx", "openvino"], compression_type: CompressionType | None = None) -> None:
    """Check that what an export needs is installed.

    Args:
        export_type (Literal["onnx", "openvino"]): Format.
        compression_type (CompressionType | None): As anomalib's. Defaults to ``None``.

    Raises:
        ImportError: If a package is not installed; the message names the extra.
    """
    purpose = f"an export to {'ONNX' if export_type == 'onnx' else 'OpenVINO'}"
    for package in ("onnx", "onnxscript", *(["openvino"] if export_type == "openvino" else ())):
        check_installed(package, "export", purpose)
    if compression_type not in (None, CompressionType.FP16):
        check_installed("nncf", "quantize", f"{purpose} in {compression_type.name}")


class WholeExport(ExportMixin):
    """A base of a Lightning model, before anomalib's own base.

    Exports are written into a temporary folder and moved, the graph last.
    """

    model: InferenceModel
    pre_processor: PreProcessor | None
    post_processor: PostProcessor | None

    @contextmanager
    def _exporting(self) -> Iterator[None]:
        """Leave the model with what inference needs while it is exported."""
        warn_if_never_validated(self.post_processor)
        with for_inference(self.model, self.model.training_only):
            yield

    def _complete(self, graph: Path) -> None:
        """Change a written ONNX graph before it is moved."""

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
            **kwargs (Any): As anomalib's.

        Returns:
            Path: The written ``.onnx`` file.

        Raises:
            ImportError: If a package is not installed; the message names the extra.
        """
        check_tools("onnx")
        kwargs = {"opset_version": OPSET, "verbose": False} | kwargs
        with self._exporting(), temporary_folder(export_root) as folder:
            path = super().to_onnx(folder, model_file_name, input_size, **kwargs)
            self._complete(path)
            write_checksum(path)
            return publish(path, folder, Path(export_root))

    def to_openvino(
        self,
        export_root: Path | str,
        model_file_name: str = "model",
        input_size: tuple[int, int] | None = None,
        compression_type: CompressionType | None = None,
        datamodule: AnomalibDataModule | None = None,
        **kwargs: Any,  # noqa: ANN401  # anomalib's own arguments
    ) -> Path:
        """Export to OpenVINO as anomalib does; calibration takes images one by one, or few by few.

        Args:
            export_root (Path | str): Folder to write ``weights/openvino`` into.
            model_file_name (str): Name without suffix. Defaults to ``"model"``.
            input_size (tuple[int, int] | None): Fixed height and width of raw images. Defaults to ``None``, any.
            compression_type (CompressionType | None): As anomalib's. Defaults to ``None``.
            datamodule (AnomalibDataModule | None): Its validation images calibrate ``INT8_PTQ`` and ``INT8_ACQ``.
                Defaults to ``None``.
            **kwargs (Any): As anomalib's.

        Returns:
            Path: The written ``.xml`` file.

        Raises:
            ImportError: If a package is not installed; the message names the extra.
            ValueError: If a model that was never validated shall be calibrated.
        """
        check_tools("openvino", compression_type)
        check_limits(self.post_processor, compression_type, maps=self.model.has_maps)
        import_build_tools(compression_type)
        with temporary_folder(export_root) as folder, sparing_memory(self.model, compression_type, datamodule):
            path = super().to_openvino(folder, model_file_name, input_size, compression_type, datamodule, **kwargs)
            write_checksum(path)
            return publish(path, folder, Path(export_root))

    def to_torch(self, export_root: Path | str, model_file_name: str = "model") -> Path:
        """Export as anomalib does, without spectral norm, which cannot be pickled.

        Args:
            export_root (Path | str): Folder to write ``weights/torch`` into.
            model_file_name (str): Name without suffix. Defaults to ``"model"``.

        Returns:
            Path: The written ``.pt`` file.
        """
        with WholeExport._exporting(self), temporary_folder(export_root) as folder:
            return publish(super().to_torch(folder, model_file_name), folder, Path(export_root))
