# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The command line that the studies of scores and of training share."""

import argparse
from pathlib import Path
from typing import Any

import yaml

from runs import RESULTS

OVERRULED = ("image_size", "crop_size", "stripes")
"""Arguments of the model that the command line may give instead of the configuration."""


def make_parser(description: str | None, *, steps: int, reference_images: int) -> argparse.ArgumentParser:
    """Make a parser with what both studies take.

    Args:
        description (str | None): What the program does.
        steps (int): Training steps, by default.
        reference_images (int): Training images for reference values, by default.

    Returns:
        argparse.ArgumentParser: To be completed.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, help="SCADN's model and training")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=steps, help="training steps")
    parser.add_argument("--image-size", type=int, help="overrules the configuration")
    parser.add_argument("--crop-size", type=int, help="overrules the configuration")
    parser.add_argument("--stripes", type=int, nargs="+", help="overrules the configuration")
    parser.add_argument(
        "--smoothing", type=float, nargs="+", default=[1.0, 2.0, 4.0, 8.0], help="widths over the errors, in pixels"
    )
    parser.add_argument(
        "--reference-images", type=int, default=reference_images, help="training images for reference values"
    )
    parser.add_argument("--test-images", type=int, help="test images, evenly spread; all if not given")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    return parser


def model_changes(arguments: argparse.Namespace) -> dict[str, Any]:
    """Collect the model's arguments that were given.

    Args:
        arguments (argparse.Namespace): The command line.

    Returns:
        dict[str, Any]: Values by name, without those of the configuration.
    """
    given = {name: getattr(arguments, name) for name in OVERRULED}
    return {name: value for name, value in given.items() if value is not None}


def image_side(arguments: argparse.Namespace) -> int:
    """Look up the side of the model's images.

    Args:
        arguments (argparse.Namespace): The command line.

    Returns:
        int: Pixels.
    """
    configured = yaml.safe_load(arguments.config.read_text(encoding="utf-8"))["model"]["init_args"]["image_size"]
    return arguments.image_size or configured
