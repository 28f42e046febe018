# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Compare scores and ways to train on the same images.

    python benchmarks/study.py scores --data lace fabric_03=DIR --seeds 0 1 2 --config configs/cpu.yaml --output DIR
        [--image-size 256 --crop-size 128] [--smoothing 1 2 4 8] [--backbone-weights resnet18.safetensors]
    python benchmarks/study.py options --data lace --config configs/scadn_plus.yaml --seeds 0 1
        [--options flips ...] [--image-size 256 --crop-size 128 --stripes 8 16 32]
    python benchmarks/study.py cost --image-size 512 --base-channels 64 [--backbone-weights resnet18.safetensors]
    python benchmarks/study.py pictures --config configs/scadn_plus.yaml --weights DIR/lace/seed0/generator.pt

A data set is ``lace`` (drawn), ``NAME=ROOT``, a folder in the layout of MVTec AD, or ``mnist:3=ROOT``, a class of
torchvision's MNIST.

``scores`` trains a generator per data set and seed, keeps it in ``OUTPUT/DATA/seedK``, and scores the same
reconstructions in many ways; weights that were trained otherwise are refused. ``options`` trains in several ways, which
:mod:`training` lists, and scores alike. ``cost`` times each score beside the twelve passes through the generator.
``pictures`` draws what scores see on drawn lace. Results go to ``benchmarks/results`` or ``--results``, where a file of
other settings or data is refused and what a file has is not run again. Each training is a process of its own.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import study_runs
from data import MNIST, fingerprint, parse_data
from provenance import folder_fingerprint, machine, named_hash
from scores import COMPARED_SIDE
from store import MadeOtherwiseError, Metrics, add_common, check_same, end, read, run_missing, save, settings_of
from study_pictures import PICTURE, draw_scores
from training import OPTIONS, training_arguments
from workers import in_own_process

OVERRULED = ("image_size", "crop_size", "stripes")
"""Arguments of the model that the command line may give instead of the configuration."""

SHARED = ("smoothing", "reference_images", "test_images")
"""Arguments of the command line that decide how all models of a study are scored."""


def do_scores(arguments: argparse.Namespace) -> list[str]:
    """Compare scores of the same reconstructions; give what failed."""
    failed = []
    known = {text: score_file(arguments, text) for text in arguments.data}
    for text, path in known.items():
        jobs = [([str(seed)], partial(score_run, arguments, text, seed)) for seed in arguments.seeds]
        settings = {"configuration": plain(score_settings(arguments))}
        failed += run_missing(path, settings, jobs)[1]
        print(path)
    return failed


def score_run(arguments: argparse.Namespace, text: str, seed: int) -> list[Metrics]:
    """Train and score in a process of its own."""
    decided_by = training_settings(arguments, text, seed)
    folder = arguments.output / parse_data(text)[0] / f"seed{seed}"
    found = in_own_process(study_runs.score, worker_arguments(arguments, text, seed), str(folder), plain(decided_by))
    return [{"configuration": plain(score_settings(arguments) | decided_by), **found}]


def score_file(arguments: argparse.Namespace, text: str) -> Path:
    """Say where the scores of a data set go."""
    path = arguments.results / f"scores_{parse_data(text)[0]}.json"
    for seed, run in (read(path) or {"runs": {}})["runs"].items():
        wanted = plain(score_settings(arguments) | training_settings(arguments, text, int(seed)))
        check_same(path, run["configuration"], wanted, {})
    return path


def score_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Collect what decides the results of a generator."""
    weights = arguments.backbone_weights
    return {
        **{name: getattr(arguments, name) for name in SHARED},
        "backbone_weights": None if weights is None else named_hash(weights),
        "compared_side": COMPARED_SIDE,
    }


def training_settings(arguments: argparse.Namespace, text: str, seed: int) -> dict[str, Any]:
    """Collect all that decides a generator's weights, without the place of anything on this machine."""
    name, root = parse_data(text)
    configured = yaml.safe_load(arguments.config.read_text(encoding="utf-8"))["model"]["init_args"]["image_size"]
    return {
        "arguments": training_arguments(arguments.config),
        **{name: getattr(arguments, name) for name in ("steps", *OVERRULED)},
        "data": name,
        "files": fingerprint(name, None if root is None else str(root), arguments.image_size or configured),
        "seed": seed,
    }


def do_options(arguments: argparse.Namespace) -> list[str]:
    """Compare ways to train; give what failed."""
    settings = settings_of(arguments.config, []) | {
        name: getattr(arguments, name) for name in ("steps", *SHARED, *OVERRULED)
    }
    jobs = [
        ([f"{name}/{seed}"], partial(option_run, arguments, name, seed))
        for seed in arguments.seeds
        for name in arguments.options
    ]
    name, root = parse_data(arguments.data)
    data = {} if root is None or MNIST.fullmatch(name) else {name: folder_fingerprint(root)}
    return run_missing(arguments.results / f"training_options_{name}.json", settings, jobs, data)[1]


def option_run(arguments: argparse.Namespace, name: str, seed: int) -> list[Metrics]:
    """Train in one way, in a process of its own."""
    return [in_own_process(study_runs.option, worker_arguments(arguments, arguments.data, seed), name)]


def worker_arguments(arguments: argparse.Namespace, text: str, seed: int) -> dict[str, Any]:
    """Collect what a worker needs of the command line."""
    given = {name: getattr(arguments, name) for name in OVERRULED}
    weights = getattr(arguments, "backbone_weights", None)
    return {
        **{name: getattr(arguments, name) for name in ("steps", *SHARED)},
        "config": str(arguments.config.resolve()),
        "changes": {name: value for name, value in given.items() if value is not None},
        "backbone_weights": None if weights is None else str(weights.resolve()),
        "data": text,
        "seed": seed,
    }


def plain(value: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
    """Give a value as a result file has it."""
    return json.loads(json.dumps(value))


def do_cost(arguments: argparse.Namespace) -> list[str]:
    """Time scores beside the passes through an untrained generator: time does not depend on its weights."""
    path = arguments.results / f"score_cost_{arguments.image_size}_{arguments.base_channels}.json"
    settings = {name: getattr(arguments, name) for name in ("image_size", "base_channels", "repeats")}
    refuse_other(path, settings, perceptual=arguments.backbone_weights is not None)
    seconds = study_runs.time_scores(**settings, backbone_weights=arguments.backbone_weights)
    passes = float(np.median(seconds["passes"]))
    rows = {
        name: {
            "ratio": float(np.median(values)) / passes,
            "ratio_lowest": min(values) / passes,
            "ratio_highest": max(values) / passes,
        }
        for name, values in seconds.items()
    }
    save(path, {**settings, "machine": machine(), "scores": rows})
    print(path)
    return []


def refuse_other(path: Path, settings: dict[str, int], *, perceptual: bool) -> None:
    """Refuse to replace what was measured with other repeats or other scores."""
    known = read(path)
    if known is not None:
        rows = {"perceptual": "perceptual" in known["scores"]}
        check_same(path, known | rows, {**settings, "perceptual": perceptual}, {})


def do_pictures(arguments: argparse.Namespace) -> list[str]:
    """Draw what scores see."""
    draw_scores(arguments.config, arguments.weights, arguments.picture)
    print(arguments.picture)
    return []


def make_parser() -> argparse.ArgumentParser:
    """Make the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    scores = add_training(commands, "scores", do_scores, steps=500, reference_images=100)
    scores.add_argument("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    scores.add_argument("--output", type=Path, required=True, help="folder of the generators")
    options = add_training(commands, "options", do_options, steps=400, reference_images=40)
    options.add_argument("--data", required=True, metavar="NAME[=ROOT]")
    options.add_argument("--options", nargs="+", choices=OPTIONS, default=list(OPTIONS))
    cost = add_command(commands, "cost", do_cost)
    cost.add_argument("--image-size", type=int, default=512, help="side in pixels")
    cost.add_argument("--base-channels", type=int, default=64)
    cost.add_argument("--repeats", type=int, default=5)
    for command in (scores, cost):
        command.add_argument("--backbone-weights", type=Path, help="of timm's resnet18 for the perceptual error")
    pictures = add_command(commands, "pictures", do_pictures)
    pictures.add_argument("--config", type=Path, required=True, help="that the generator was trained with")
    pictures.add_argument("--weights", type=Path, required=True, help="of the generator, of study.py scores")
    pictures.add_argument("--picture", type=Path, default=PICTURE)
    return parser


def add_command(commands: Any, name: str, do: Callable[..., list[str]]) -> argparse.ArgumentParser:  # noqa: ANN401
    """Add a subcommand."""
    command = commands.add_parser(name, help=do.__doc__)
    command.set_defaults(do=do)
    add_common(command, do.__doc__)
    return command


def add_training(
    commands: Any,  # noqa: ANN401  # argparse has no name for it
    name: str,
    do: Callable[..., list[str]],
    *,
    steps: int,
    reference_images: int,
) -> argparse.ArgumentParser:
    """Add a subcommand that trains and scores, with numbers of training steps and of images for reference values."""
    command = add_command(commands, name, do)
    command.add_argument("--config", type=Path, required=True, help="SCADN's model and training")
    command.add_argument("--seeds", type=int, nargs="+", default=[0])
    command.add_argument("--steps", type=int, default=steps, help="training steps, a batch each")
    command.add_argument("--image-size", type=int, help="overrules the configuration")
    command.add_argument("--crop-size", type=int, help="overrules the configuration")
    command.add_argument("--stripes", type=int, nargs="+", help="overrules the configuration")
    widths = [1.0, 2.0, 4.0, 8.0]
    command.add_argument("--smoothing", type=float, nargs="+", default=widths, help="widths over the errors, in pixels")
    images = "training images for reference values"
    command.add_argument("--reference-images", type=int, default=reference_images, help=images)
    command.add_argument("--test-images", type=int, help="test images, evenly spread; all if not given")
    return command


def main() -> None:
    """Do what was asked."""
    parser = make_parser()
    arguments = parser.parse_args()
    try:
        failed = arguments.do(arguments)
    except MadeOtherwiseError as error:
        parser.error(str(error))
    end(failed)


if __name__ == "__main__":
    main()
