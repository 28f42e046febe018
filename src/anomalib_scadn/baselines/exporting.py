# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The host's exports of the compared methods: whole or not at all, without what only trains."""

from pathlib import Path
from typing import Any

from anomalib.data import AnomalibDataModule
from anomalib.deploy import CompressionType
from anomalib.models.components.base.export_mixin import ExportMixin
from anomalib.post_processing import PostProcessor

from anomalib_scadn.files import publish, temporary_folder
from anomalib_scadn.plain_weights import for_inference
from anomalib_scadn.quantization import IMAGE_LIMITS, LIMITS, check_limits, import_build_tools, sparing_memory


class BaselineExport(ExportMixin):
    """A base of the Lightning model, before the host's own base."""

    post_processor: PostProcessor | None

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
            Path: The written ``.onnx`` file.
        """
        kwargs.setdefault("opset_version", 18)
        with for_inference(self.model, self.model.training_only), temporary_folder(export_root) as folder:
            path = super().to_onnx(folder, model_file_name, input_size, **kwargs)
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
        """Export to OpenVINO as the host does; calibration takes images one by one, or few by few.

        Args:
            export_root (Path | str): Folder to write ``weights/openvino`` into.
            model_file_name (str): Name without suffix. Defaults to ``"model"``.
            input_size (tuple[int, int] | None): Fixed height and width of raw images. Defaults to ``None``, any.
            compression_type (CompressionType | None): As the host's. Defaults to ``None``.
            datamodule (AnomalibDataModule | None): As the host's. Defaults to ``None``.
            **kwargs (Any): As the host's.

        Returns:
            Path: The written ``.xml`` file.

        Raises:
            ValueError: If a model that was never validated shall be calibrated.
        """
        limits = LIMITS if self.model.has_maps else IMAGE_LIMITS
        check_limits(self.post_processor, compression_type, limits)
        import_build_tools(compression_type)
        with temporary_folder(export_root) as folder, sparing_memory(self.model, compression_type, datamodule):
            path = super().to_openvino(folder, model_file_name, input_size, compression_type, datamodule, **kwargs)
            return publish(path, folder, Path(export_root))

    def to_torch(self, export_root: Path | str, model_file_name: str = "model") -> Path:
        """Export as the host does, without spectral norm, which cannot be pickled.

        Args:
            export_root (Path | str): Folder to write ``weights/torch`` into.
            model_file_name (str): Name without suffix. Defaults to ``"model"``.

        Returns:
            Path: The written ``.pt`` file.
        """
        with for_inference(self.model, self.model.training_only), temporary_folder(export_root) as folder:
            return publish(super().to_torch(folder, model_file_name), folder, Path(export_root))
