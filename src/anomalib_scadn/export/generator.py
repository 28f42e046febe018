# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Export of the generator alone, for machines with little memory."""

from pathlib import Path
from typing import Literal

import torch
from anomalib.post_processing import PostProcessor

from anomalib_scadn.files import temporary_folder
from anomalib_scadn.training.reference import warn_if_unfitted
from anomalib_scadn.training.thresholds import warn_if_never_validated

from .base import OPSET, check_tools
from .checksum import write_checksum
from .companions import publish
from .description import describe
from .full import ScadnExport
from .metadata import embed_metadata
from .score_file import write_score
from .upsampling import with_subpixel_convolutions

ExportType = Literal["onnx", "openvino"]


def export_generator(
    model: ScadnExport,
    export_root: str | Path,
    export_type: ExportType = "onnx",
    model_file_name: str = "generator",
) -> Path:
    """Export the generator without masks, errors and score; metadata in the graph describe them.

    The graph takes masked images, shape (N, 3, H, W) with the model's image size, range [0, 1], and paints them.

    Args:
        model (Scadn): Model with the default pre-processor and anomalib's normalization (or none).
        export_root (str | Path): Folder to write ``weights/onnx`` or ``weights/openvino`` into.
        export_type (Literal["onnx", "openvino"]): Format. Defaults to ``"onnx"``.
        model_file_name (str): Name without suffix. Defaults to ``"generator"``.

    Returns:
        Path: The written ``.onnx`` or ``.xml`` file; its weights and the score's reference values lie beside it.

    Raises:
        ImportError: If a package is not installed; the message names the extra.
        ValueError: If the format is unknown, or the model does something before or after its inference that the
            metadata cannot describe.
    """
    if export_type not in ("onnx", "openvino"):
        msg = f"export_type must be 'onnx' or 'openvino', got {export_type!r}"
        raise ValueError(msg)
    check_tools(export_type)
    _check_surroundings(model)
    warn_if_unfitted(model.model)
    warn_if_never_validated(model.post_processor)
    with temporary_folder(export_root) as folder:
        target = folder / "weights" / export_type
        target.mkdir(parents=True)
        file = _write_onnx(model, (target if export_type == "onnx" else folder) / f"{model_file_name}.onnx")
        embed_metadata(describe(model.model, model.post_processor, "generator"), file)
        if export_type == "openvino":
            file = _write_openvino(file, target / f"{model_file_name}.xml")
        write_score(model.model.scorer, file)
        write_checksum(file)
        return publish(file, folder, Path(export_root))


def _check_surroundings(model: ScadnExport) -> None:
    """Raise unless metadata can say what happens before and after the model."""
    pre_processor = model.pre_processor
    if not model.resizes:
        found = type(pre_processor).__name__
        if pre_processor is not None:
            found = f"{found} with the transform {getattr(pre_processor, 'transform', None)}"
        msg = (
            "the generator alone can be exported with a ScadnPreProcessor that resizes to "
            f"{model.model.image_size} and does nothing else, got {found}; export the full graph"
        )
        raise ValueError(msg)
    post_processor = model.post_processor
    if post_processor is not None and type(post_processor).forward is not PostProcessor.forward:
        found = type(post_processor).__name__
        msg = f"the generator alone can be exported with anomalib's PostProcessor only, got {found}"
        raise ValueError(msg)


def _write_onnx(model: ScadnExport, file: Path) -> Path:
    generator = with_subpixel_convolutions(model.model.generator).eval()
    # Two images, for the exporter takes a size of one as fixed.
    example = torch.zeros(2, 3, *model.model.image_size, device=next(generator.parameters()).device)
    torch.onnx.export(
        generator,
        (example,),
        file,
        input_names=["masked"],
        output_names=["painted"],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("batch_size")},),
        verbose=False,
    )
    return file


def _write_openvino(source: Path, file: Path) -> Path:
    import openvino as ov

    ov.save_model(ov.convert_model(source), file, compress_to_fp16=False)
    return file
