# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The subcommands ``score``, ``crop`` and ``anomalies``: their arguments, what they do and print."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import get_args

from jsonargparse import ArgumentParser

from anomalib_scadn.checks import check_count, check_seed
from anomalib_scadn.data.crop_sources import has_layout
from anomalib_scadn.data.cropping import CropCounts, Remainder, crop_folder
from anomalib_scadn.deploy.images import list_inputs, read_input
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer
from anomalib_scadn.deploy.inspection.folder import score_folder
from anomalib_scadn.deploy.inspection.score_table import read_scores, summarize
from anomalib_scadn.files import write_whole
from anomalib_scadn.masks.sizes import MIN_SIZE

from .console import DONE, SOME_FAILED, Options
from .scoring import add_pixel_limit, add_scoring_arguments, describe_results, inferencer_options, set_pixel_limit


def add_score_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``score``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    parser.add_argument("--input", type=Path, required=True, help="Folder of images, sub-folders included.")
    add_scoring_arguments(parser, pictures="all")
    parser.add_argument("--save_maps", type=bool, default=False, help="Whether to write maps as 16-bit TIFF.")


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
    add_pixel_limit(parser)


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


def score(options: Options) -> int:
    """Score a folder of images.

    Args:
        options (Options): Values of the arguments of ``score``, by name.

    Returns:
        int: Exit status.
    """
    set_pixel_limit(options)
    # The model first: a folder is not claimed for one that cannot be loaded.
    inferencer = StripedMaskInferencer(options["model"], **inferencer_options(options), tile_progress=True)
    record, outputs = describe_results(options, inferencer)
    outputs = replace(outputs, save_maps=options["save_maps"])
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
    set_pixel_limit(options)
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
    check_seed(options["seed"])
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
