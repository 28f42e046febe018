# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The subcommands ``score``, ``crop`` and ``anomalies``: their arguments, what they do and print."""

from io import BytesIO
from pathlib import Path
from typing import get_args

from jsonargparse import ArgumentParser
from PIL import Image

from anomalib_scadn.checks import check_count
from anomalib_scadn.data.crop_sources import has_layout
from anomalib_scadn.data.cropping import CropCounts, Remainder, crop_folder
from anomalib_scadn.deploy.images import list_inputs, read_input
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer
from anomalib_scadn.deploy.inspection.folder import Outputs, Pictures, score_folder
from anomalib_scadn.deploy.inspection.run_record import describe_run
from anomalib_scadn.deploy.inspection.score_table import read_scores, summarize
from anomalib_scadn.deploy.inspection.threshold import read_threshold
from anomalib_scadn.files import write_whole
from anomalib_scadn.stripes import MIN_SIZE

from .console import DONE, SOME_FAILED, Options


def add_score_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``score``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    parser.add_argument("--model", type=Path, required=True, help="Model file: .ckpt, .onnx or .xml.")
    parser.add_argument("--input", type=Path, required=True, help="Folder of images, sub-folders included.")
    parser.add_argument("--output", type=Path, required=True, help="Folder of results; a stopped run goes on there.")
    parser.add_argument("--tile", type=int | None, default=None, help="Cut images into tiles of N x N pixels.")
    parser.add_argument("--overlap", type=int, default=64, help="Pixels that neighbouring tiles share.")
    parser.add_argument("--batch_size", type=int, default=1, help="Tiles, or images of one size, at once.")
    parser.add_argument("--device", type=str, default="cpu", help="Device in the runtime's own words.")
    parser.add_argument("--passes_at_once", type=int, default=4, help="Masked images at once; less needs less memory.")
    parser.add_argument(
        "--threshold",
        type=str | None,
        default=None,
        help="What labels come from instead of the model's own: raw:NUMBER, normalized:NUMBER, or a threshold.json.",
    )
    parser.add_argument("--min_area", type=int, default=1, help="Least number of pixels of a region.")
    parser.add_argument("--ignore_mask", type=Path | None, default=None, help="Image; what is not black is left out.")
    parser.add_argument(
        "--pictures", choices=get_args(Pictures), default="all", help="Images that get a heat map and an overlay."
    )
    parser.add_argument("--save_maps", type=bool, default=False, help="Whether to write maps as 16-bit TIFF.")
    parser.add_argument("--bit_depth", type=int | None, default=None, help="Bits of values stored in 16, say 12.")
    _add_pixel_limit(parser)


def add_crop_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``crop``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    parser.add_argument("--input", type=Path, required=True, help="Camera images, plain or in LaceAD's layout.")
    parser.add_argument("--output", type=Path, required=True, help="New folder for the patches: ROOT/PATTERN.")
    parser.add_argument("--size", type=int, default=512, help="Side of the square patches in pixels.")
    parser.add_argument("--masks", type=Path | None, default=None, help="Folder of masks, named like the images.")
    parser.add_argument(
        "--remainder",
        choices=get_args(Remainder),
        default="drop",
        help="Rest at right and bottom: drop it, or shift the last patches back to the border.",
    )
    parser.add_argument(
        "--min_anomalous_pixels", type=int, default=1, help="Marked pixels that make a patch anomalous."
    )
    parser.add_argument("--defect", type=str, default="defect", help="Name of the defect in a plain folder.")
    _add_pixel_limit(parser)


def add_anomalies_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``anomalies``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    parser.add_argument("--input", type=Path, required=True, help="Normal images: a folder, or one file.")
    parser.add_argument("--output", type=Path, required=True, help="PNG file to write.")
    parser.add_argument("--image_size", type=int, default=128, help="Side that images are resized to, in pixels.")
    parser.add_argument("--images", type=int, default=6, help="Images to draw into, evenly spread over the folder.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the anomalies.")


def _add_pixel_limit(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--max_pixels", type=int | None, default=None, help="Pixels of the largest image, if not Pillow's limit."
    )


def _set_pixel_limit(options: Options) -> None:
    limit = options["max_pixels"]
    check_count(1, max_pixels=limit)
    if limit is not None:
        Image.MAX_IMAGE_PIXELS = limit


def score(options: Options) -> int:
    """Score a folder of images.

    Args:
        options (Options): Values of the arguments of ``score``, by name.

    Returns:
        int: Exit status.
    """
    _set_pixel_limit(options)
    tile, overlap, ignore_mask = options["tile"], options["overlap"], options["ignore_mask"]
    # The model first: a folder is not claimed for one that cannot be loaded.
    inferencer = StripedMaskInferencer(
        options["model"],
        device=options["device"],
        passes_at_once=options["passes_at_once"],
        tile=tile,
        overlap=overlap,
        batch_size=options["batch_size"],
        ignore_mask=ignore_mask,
        tile_progress=True,
        bit_depth=options["bit_depth"],
    )
    record = describe_run(options["model"], tile, overlap, ignore_mask, options["bit_depth"])
    threshold = None if options["threshold"] is None else read_threshold(options["threshold"], record)
    if threshold is not None:
        threshold.check(normalized="pred_score" in inferencer.backend.outputs)
    outputs = Outputs(threshold, options["min_area"], options["pictures"], options["save_maps"])
    failed = score_folder(inferencer, options["input"], options["output"], record, outputs, progress=True)
    print(f"{summarize(read_scores(options['output']))}; results are in {options['output']}")
    return SOME_FAILED if failed else DONE


def crop(options: Options) -> int:
    """Cut a folder of camera images into patches.

    Args:
        options (Options): Values of the arguments of ``crop``, by name.

    Returns:
        int: Exit status.
    """
    _set_pixel_limit(options)
    counts = crop_folder(
        options["input"],
        options["output"],
        options["size"],
        options["masks"],
        remainder=options["remainder"],
        min_anomalous_pixels=options["min_anomalous_pixels"],
        defect=options["defect"],
        progress=True,
    )
    print(_report(counts, options["output"]))
    if counts.train_good and not has_layout(options["input"]):
        print("Images without a mask that marks something count as normal: their patches are in train/good.")
    return DONE


def anomalies(options: Options) -> int:
    """Draw a sheet of synthetic anomalies.

    Args:
        options (Options): Values of the arguments of ``anomalies``, by name.

    Returns:
        int: Exit status.
    """
    import torch

    from anomalib_scadn.components.anomaly_sheet import draw_sheet
    from anomalib_scadn.components.pre_processor import resize

    output = options["output"]
    if output.suffix != ".png" or output.is_dir():
        msg = f"output must be a file ending in .png, got {output}"
        raise ValueError(msg)
    check_count(MIN_SIZE, image_size=options["image_size"])
    check_count(1, images=options["images"])
    files = list(list_inputs(options["input"]))
    count = min(options["images"], len(files))
    chosen = [files[index * len(files) // count] for index in range(count)]
    pixels = [torch.from_numpy(read_input(file)).permute(2, 0, 1)[None] for file in chosen]
    size = (options["image_size"], options["image_size"])
    figure = draw_sheet(torch.cat([resize(image, size) for image in pixels]), options["seed"])
    content = BytesIO()
    figure.savefig(content, format="png", dpi=100)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, content.getvalue())
    print(f"synthetic anomalies in {len(chosen)} images are in {output}")
    return DONE


def _report(counts: CropCounts, output: Path) -> str:
    rows = [("train/good", counts.train_good), ("test/good", counts.test_good)]
    rows += [(f"test/{label}", count) for label, count in counts.defects.items()]
    lines = [f"{count:8d}  {name}" for name, count in rows]
    lines.append(f"{counts.patches:8d}  patches of {counts.images} images, {counts.masks} masks, in {output}")
    if not counts.train_good:
        lines.append("No normal image to train on: add patches to train/good.")
    if counts.patches == counts.train_good:
        lines.append("No image to test on: add patches to test/good or test/<defect>.")
    return "\n".join(lines)
