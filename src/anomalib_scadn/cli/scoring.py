# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What the subcommands ``score`` and ``score-many`` share: arguments, and what becomes of their values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from jsonargparse import ArgumentParser
from PIL import Image

from anomalib_scadn.checks import check_count
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer
from anomalib_scadn.deploy.inspection.outcome import Outputs, Pictures
from anomalib_scadn.deploy.inspection.run_record import Record, describe_run
from anomalib_scadn.deploy.inspection.threshold import read_threshold
from anomalib_scadn.deploy.precision import Precision

from .console import Options


def add_scoring_arguments(
    parser: ArgumentParser, pictures: Pictures, precisions: Sequence[Precision] = get_args(Precision)
) -> None:
    """Add what all commands that score have: the model, its options, and what is written.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
        pictures (Literal["all", "anomalous", "none"]): Default of ``--pictures``.
        precisions (Sequence[str]): Choices of ``--precision``. Defaults to all.
    """
    parser.add_argument("--model", type=Path, required=True, help="Model file: .ckpt, .onnx or .xml.")
    parser.add_argument("--output", type=Path, required=True, help="Folder of results; a stopped run goes on there.")
    parser.add_argument("--tile", type=int | None, default=None, help="Cut images into tiles of N x N pixels.")
    parser.add_argument("--overlap", type=int, default=64, help="Pixels that neighbouring tiles share.")
    parser.add_argument("--batch_size", type=int, default=1, help="Tiles, or images of one size, at once.")
    parser.add_argument("--device", type=str, default="cpu", help="Device in the runtime's own words.")
    parser.add_argument(
        "--passes_at_once", type=int | None, default=None, help="Masked images at once; less needs less memory."
    )
    parser.add_argument(
        "--precision",
        choices=precisions,
        default="f32",
        help="What the networks are computed in. A quantized graph has 8 bits with f32 too.",
    )
    parser.add_argument(
        "--threshold",
        type=str | None,
        default=None,
        help="What labels come from instead of the model's own: raw:NUMBER, normalized:NUMBER, or a threshold.json.",
    )
    parser.add_argument("--min_area", type=int, default=1, help="Least number of pixels of a region.")
    parser.add_argument("--ignore_mask", type=Path | None, default=None, help="Image; what is not black is left out.")
    parser.add_argument(
        "--pictures", choices=get_args(Pictures), default=pictures, help="Images that get a heat map and an overlay."
    )
    parser.add_argument("--bit_depth", type=int | None, default=None, help="Bits of values stored in 16, say 12.")
    add_pixel_limit(parser)


def add_pixel_limit(parser: ArgumentParser) -> None:
    """Add ``--max_pixels``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    parser.add_argument(
        "--max_pixels", type=int | None, default=None, help="Pixels of the largest image, if not Pillow's limit."
    )


def set_pixel_limit(options: Options) -> None:
    """Set Pillow's limit as ``--max_pixels`` says.

    Args:
        options (Options): Values of the arguments, by name.

    Raises:
        ValueError: If it is below 1.
    """
    limit = options["max_pixels"]
    check_count(1, max_pixels=limit)
    if limit is not None:
        Image.MAX_IMAGE_PIXELS = limit


def inferencer_options(options: Options) -> dict[str, Any]:
    """Take what an inferencer is made with beside its model.

    Args:
        options (Options): Values of the arguments of a command that scores.

    Returns:
        dict[str, Any]: Arguments of :class:`~anomalib_scadn.deploy.StripedMaskInferencer`.
    """
    names = ("device", "passes_at_once", "precision", "tile", "overlap", "batch_size", "ignore_mask", "bit_depth")
    return {name: options[name] for name in names}


def describe_results(
    options: Options, inferencer: StripedMaskInferencer, precision: str | None = None
) -> tuple[Record, Outputs]:
    """Describe a run and what it writes.

    Args:
        options (Options): Values of the arguments of a command that scores.
        inferencer (StripedMaskInferencer): Its model, loaded.
        precision (str | None): What the scores are computed in. Defaults to ``None``, the inferencer's.

    Returns:
        tuple[Record, Outputs]: What decides the scores, and what is written of them.

    Raises:
        ValueError: If the threshold is none, or none for this model.
        OSError: If a file cannot be read.
    """
    names = ("model", "tile", "overlap", "ignore_mask", "bit_depth")
    decisive = [*(options[name] for name in names), precision or inferencer.backend.precision]
    record = describe_run(*decisive)
    threshold = None if options["threshold"] is None else read_threshold(options["threshold"], record)
    if threshold is not None:
        threshold.check(normalized="pred_score" in inferencer.backend.outputs)
    return record, Outputs(threshold, options["min_area"], options["pictures"])
