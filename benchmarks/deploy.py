# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What exports cost and whether they say the same.

    python benchmarks/deploy.py times [--image-size 512] [--base-channels 64] [--repeats 5] [--threads 2] [--models DIR]
    python benchmarks/deploy.py memory --base-channels 4               # what validation keeps of 100 images
    python benchmarks/deploy.py memory --base-channels 64 --images 6   # what the paper's generator takes
    python benchmarks/deploy.py parity [--score composite] [--seeds 0 1] [--sizes same oblong] [--forms FORM ...]
    python benchmarks/deploy.py accuracy --data lace fabric_03=DIR --config configs/cpu.yaml --output DIR

``times``: file size, load time, time per image and memory of every form of an untrained model, each in a process of its
own, as ratios to torch eager. ``memory``: peak of a validation run; what validation keeps does not depend on the width.
``parity``: largest differences of normalized scores and maps from anomalib's Engine; status 1 if one is above the
tolerance. At full width an export and ONNX Runtime want more than 8 GB each: ``--forms`` takes some at a time, and the
file keeps those of earlier runs. ``accuracy``: trains a model per data set, kept in ``OUTPUT/DATA``, and scores test
images with 8-bit weights (INT8_PTQ, calibrated on the validation images) and, of a folder's images, with a second model
whose images are resized without antialiasing. Results go to ``benchmarks/results`` or ``--results``.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cost import describe_machine, measure_forms, measure_validation
from data import parse_data
from deploy_tables import deploy_table
from exports import SIZES, accuracy, parity
from forms import FORMS, SCORES
from layout import markdown
from provenance import machine
from store import add_common, add_rows, save
from workers import in_own_process

SCORE_TOLERANCE = 1e-4

MAP_TOLERANCE = 1e-3


def do_times(arguments: argparse.Namespace) -> None:
    """Measure size, time and memory of every form."""
    given = (arguments.image_size, arguments.base_channels, arguments.repeats, arguments.threads)
    with TemporaryDirectory() as folder:
        rows = measure_forms(*given, arguments.models or Path(folder))
    described = describe_machine(arguments.threads)
    result, name = {"machine": described, "forms": rows}, f"{arguments.image_size}_{arguments.base_channels}"
    print(markdown(*deploy_table({name: result})))
    if "BF16" not in described["capabilities"]:
        print("This processor has no bfloat16: OpenVINO's row of that name shows what the hint does without it.")
    path = arguments.results / f"deploy_{name}.json"
    save(path, result)
    print(path)


def do_memory(arguments: argparse.Namespace) -> None:
    """Measure the peak memory of validating."""
    row = in_own_process(measure_validation, arguments.image_size, arguments.base_channels, arguments.images)
    path = arguments.results / "validation_memory.json"
    add_rows(path, [row], ("image_size", "base_channels", "images"))
    print(f"{row['before_gigabytes']} GB before, {row['peak_gigabytes']} GB at the peak; written to {path}")


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
    """Measure what 8-bit weights and antialiasing do to the AUROC of a trained model."""
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
    times, memory, check, trained = (
        add_command(commands, name, do)
        for name, do in (
            ("times", do_times),
            ("memory", do_memory),
            ("parity", do_parity),
            ("accuracy", do_accuracy),
        )
    )
    for command in (times, memory, check):
        command.add_argument("--image-size", type=int, default=512, help="side in pixels")
        command.add_argument("--base-channels", type=int, default=64)
    times.add_argument("--repeats", type=int, default=5)
    times.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    times.add_argument("--models", type=Path, help="folder to export to, or where this command exported to before")
    memory.add_argument("--images", type=int, default=100, help="at least 6")
    check.add_argument("--score", choices=SCORES, default="paper", help="with its default arguments")
    check.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    check.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="of the raw images")
    check.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS), help="some of them, to save memory")
    check.add_argument("--batch-sizes", type=int, nargs="+", default=[1])
    trained.add_argument("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    trained.add_argument("--config", type=Path, required=True, help="SCADN's model and training")
    trained.add_argument("--seed", type=int, default=0)
    trained.add_argument("--output", type=Path, required=True, help="another one for another configuration or seed")
    return parser


def add_command(commands: Any, name: str, do: Callable[..., None]) -> argparse.ArgumentParser:  # noqa: ANN401
    """Add a subcommand."""
    command = commands.add_parser(name, help=do.__doc__)
    command.set_defaults(do=do)
    add_common(command, do.__doc__)
    return command


def main() -> None:
    """Do what was asked."""
    arguments = make_parser().parse_args()
    arguments.do(arguments)


if __name__ == "__main__":
    main()
