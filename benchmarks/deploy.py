# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What validation costs in memory, and whether exports say the same.

    python benchmarks/deploy.py memory --base-channels 4               # what validation keeps of 100 images
    python benchmarks/deploy.py memory --base-channels 64 --images 6   # what the paper's generator takes
    python benchmarks/deploy.py parity [--score composite] [--seeds 0 1] [--sizes same oblong] [--forms FORM ...]
    python benchmarks/deploy.py accuracy --data lace fabric_03=DIR --config configs/cpu.yaml --output DIR
                                       [--without-antialiasing]

``memory``: peak of a validation run; what validation keeps does not depend on the width. ``parity``: largest
differences of normalized scores and maps from anomalib's Engine; status 1 if one is above the tolerance. At full width
an export wants more than 8 GB: ``--forms`` takes some at a time, and the file keeps those of earlier runs.
``accuracy``: trains a model per data set, kept in ``OUTPUT/DATA``, and scores test images in each precision that the
processor has; 8 bits (INT8_PTQ) are calibrated on the validation images. Results go to ``benchmarks/results`` or
``--results``.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from anomalib.engine import Engine

from anomalib_scadn import Scadn, SyntheticLace
from data import parse_data
from exports import SIZES, accuracy, parity
from forms import FORMS, SCORES
from provenance import in_own_process, machine, peak_memory
from store import add_command, add_rows, save

SCORE_TOLERANCE = 1e-4
MAP_TOLERANCE = 1e-3

Row = dict[str, Any]


def do_memory(arguments: argparse.Namespace) -> None:
    """Measure the peak memory of validating."""
    row = in_own_process(measure_validation, arguments.image_size, arguments.base_channels, arguments.images)
    path = arguments.results / "validation_memory.json"
    add_rows(path, [row], ("image_size", "base_channels", "images"))
    print(f"{row['before_gigabytes']} GB before, {row['peak_gigabytes']} GB at the peak; written to {path}")


def measure_validation(image_size: int, base_channels: int, images: int) -> Row:
    """Validate an untrained model once with the default post-processor: peak of the memory before and after."""
    model = Scadn(image_size=image_size, base_channels=base_channels, reference_images=1, seed=0)
    counts = {"num_train": 1, "num_test_good": images - 5 * (images // 6), "num_test_defect": images // 6}
    with TemporaryDirectory() as folder:
        lace = SyntheticLace(root=folder, image_size=image_size, num_workers=0, **counts)
        before = peak_memory()
        with torch.no_grad():
            Engine(default_root_dir=folder, accelerator="cpu", logger=False).validate(model, datamodule=lace)
        peak = peak_memory()
    return {
        "image_size": image_size,
        "base_channels": base_channels,
        "images": images,
        "before_gigabytes": round(before / 2**10, 2),
        "peak_gigabytes": round(peak / 2**10, 2),
        "machine": machine(),
    }


def do_parity(arguments: argparse.Namespace) -> None:
    """Compare every form of a model with anomalib's Engine."""
    rows = []
    for seed in arguments.seeds:
        with TemporaryDirectory() as name:
            rows += parity(seed, arguments, Path(name))
    path = arguments.results / f"parity_{arguments.image_size}_{arguments.base_channels}_{arguments.score}.json"
    add_rows(path, rows, ("form", "size", "batch", "seed"))
    worst = max(row["score"] for row in rows), max(row["map"] for row in rows)
    print(f"largest difference of scores {worst[0]:.1e} (at most {SCORE_TOLERANCE}), of maps {worst[1]:.1e}", end=" ")
    print(f"(at most {MAP_TOLERANCE}); written to {path}")
    sys.exit(worst[0] > SCORE_TOLERANCE or worst[1] > MAP_TOLERANCE)


def do_accuracy(arguments: argparse.Namespace) -> None:
    """Measure what precision and antialiasing do to the AUROC of a trained model."""
    for text in arguments.data:
        rows = accuracy(arguments, text)
        path = arguments.results / f"export_accuracy_{parse_data(text)[0]}_{arguments.config.stem}.json"
        described = {"config": arguments.config.name, "seed": arguments.seed, "machine": machine()}
        save(path, {**described, "forms": rows})
        print(path)


def make_parser() -> argparse.ArgumentParser:
    """Make the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    done = {"memory": do_memory, "parity": do_parity, "accuracy": do_accuracy}
    memory, check, trained = (add_command(commands, name, do).add_argument for name, do in done.items())
    for add in (memory, check):
        add("--image-size", type=int, default=512, help="side in pixels")
        add("--base-channels", type=int, default=64)
    memory("--images", type=int, default=100, help="at least 6")
    check("--score", choices=SCORES, default="paper", help="with its default arguments")
    check("--seeds", type=int, nargs="+", default=[0, 1])
    check("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="of the raw images")
    check("--forms", nargs="+", choices=FORMS, default=list(FORMS), help="some of them, to save memory")
    check("--batch-sizes", type=int, nargs="+", default=[1])
    trained("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    trained("--config", type=Path, required=True, help="SCADN's model and training")
    trained("--seed", type=int, default=0)
    trained("--without-antialiasing", action="store_true", help="train a second model on folders, resized so")
    trained("--output", type=Path, required=True, help="another one for another configuration or seed")
    return parser


if __name__ == "__main__":
    arguments = make_parser().parse_args()
    arguments.do(arguments)
