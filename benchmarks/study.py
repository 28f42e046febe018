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
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from anomalib_scadn import Scadn
from data import MNIST, fingerprint, parse_data
from provenance import folder_fingerprint, in_own_process, machine, named_hash
from score_tables import SHIPPED, SHIPPED_FOR_CLASSES
from scores import COMPARED_SIDE, PICTURE, Study, draw_scores, make_variants, time_scores
from store import Metrics, add_command, check_same, read, run_missing, run_to_end, save, settings_of
from training import OPTIONS, Option, make_data, make_model, model_arguments, train, train_once, training_arguments

OVERRULED = ("image_size", "crop_size", "stripes")
"""Arguments of the model that the command line may give instead of the configuration."""

SHARED = ("smoothing", "reference_images", "test_images")
"""Arguments of the command line that decide how all models of a study are scored."""

COMPARED = ("mse, mean, pixel, max", SHIPPED, SHIPPED_FOR_CLASSES)
"""Scores beside the paper's that ways to train are compared by."""


def do_scores(arguments: argparse.Namespace) -> list[str]:
    """Compare scores of the same reconstructions; give what failed."""
    failed = []
    known = {text: score_file(arguments, text) for text in arguments.data}
    for text, path in known.items():
        jobs = [([str(seed)], partial(score_run, arguments, text, seed)) for seed in arguments.seeds]
        settings = {"configuration": score_settings(arguments)}
        failed += run_missing(path, settings, jobs)[1]
        print(path)
    return failed


def score_file(arguments: argparse.Namespace, text: str) -> Path:
    """Say where the scores of a data set go."""
    path = arguments.results / f"scores_{parse_data(text)[0]}.json"
    for seed, run in (read(path) or {"runs": {}})["runs"].items():
        wanted = score_settings(arguments) | training_settings(arguments, text, int(seed))
        check_same(path, run["configuration"], wanted)
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
    return {
        "arguments": training_arguments(arguments.config),
        **{name: getattr(arguments, name) for name in ("steps", *OVERRULED)},
        "data": name,
        "files": fingerprint(name, root, arguments.image_size or model_arguments(arguments.config)["image_size"]),
        "seed": seed,
    }


def score_run(arguments: argparse.Namespace, text: str, seed: int) -> list[Metrics]:
    """Train and score in a process of its own."""
    settings = training_settings(arguments, text, seed)
    found = in_own_process(train_and_score, arguments, text, seed, settings)
    return [{"configuration": score_settings(arguments) | settings, **found}]


def train_and_score(arguments: argparse.Namespace, text: str, seed: int, settings: dict[str, Any]) -> Metrics:
    """Train a generator, or load it, and measure all scores; what decided its weights is kept beside it."""
    model = configured_model(arguments, Option(), seed)
    data = make_data(text, model.input_size[0], Option())
    weights = arguments.output / parse_data(text)[0] / f"seed{seed}" / "generator.pt"
    train_s = train_once(model, data, arguments.steps, weights, settings)
    trained = time.perf_counter()
    variants = make_variants(arguments.smoothing, perceptual=arguments.backbone_weights is not None)
    study = Study(model, variants, arguments.backbone_weights)
    study.fit(data.train_data, arguments.reference_images)
    metrics = study.test(data.test_data, COMPARED_SIDE, arguments.test_images)
    return {"metrics": metrics, "train_s": train_s, "score_s": time.perf_counter() - trained}


def configured_model(arguments: argparse.Namespace, option: Option, seed: int) -> Scadn:
    """Make a model as the configuration says, and the command line where it says something.

    It is asked in striped passes, which the paper's score needs, unless the option says otherwise.
    """
    changes = {name: value for name in OVERRULED if (value := getattr(arguments, name)) is not None}
    return make_model(arguments.config, option, seed=seed, reference_images=1, passes="striped", **changes)


def do_options(arguments: argparse.Namespace) -> list[str]:
    """Compare ways to train; give what failed."""
    shared = {name: getattr(arguments, name) for name in ("steps", *SHARED, *OVERRULED)}
    jobs = [
        ([f"{name}/{seed}"], lambda name=name, seed=seed: [in_own_process(train_in_one_way, arguments, name, seed)])
        for seed in arguments.seeds
        for name in arguments.options
    ]
    name, root = parse_data(arguments.data)
    data = {} if root is None or MNIST.fullmatch(name) else {name: folder_fingerprint(root)}
    path = arguments.results / f"training_options_{name}.json"
    return run_missing(path, settings_of(arguments.config, []) | shared, jobs, data)[1]


def train_in_one_way(arguments: argparse.Namespace, name: str, seed: int) -> Metrics:
    """Train in one way, a key of ``OPTIONS``, and measure a few scores."""
    chosen, start = OPTIONS[name], time.perf_counter()
    model = configured_model(arguments, chosen, seed)
    data = make_data(arguments.data, model.input_size[0], chosen)
    train(model, data, arguments.steps)
    seconds = time.perf_counter() - start
    variants = make_variants(arguments.smoothing, perceptual=False)
    study = Study(model, {name: variants[name] for name in COMPARED}, None)
    study.fit(data.train_data, arguments.reference_images)
    return {"metrics": study.test(data.test_data, COMPARED_SIDE, arguments.test_images), "train_s": seconds}


def do_cost(arguments: argparse.Namespace) -> None:
    """Time scores beside the passes through an untrained generator: time does not depend on its weights."""
    path = arguments.results / f"score_cost_{arguments.image_size}_{arguments.base_channels}.json"
    settings = {name: getattr(arguments, name) for name in ("image_size", "base_channels", "repeats")}
    refuse_other(path, settings, perceptual=arguments.backbone_weights is not None)
    seconds = time_scores(**settings, backbone_weights=arguments.backbone_weights)
    passes = float(np.median(seconds["passes"]))
    reduced = {"ratio": np.median, "ratio_lowest": min, "ratio_highest": max}
    rows = {
        name: {ratio: float(reduce(values)) / passes for ratio, reduce in reduced.items()}
        for name, values in seconds.items()
    }
    save(path, {**settings, "machine": machine(), "scores": rows})
    print(path)


def refuse_other(path: Path, settings: dict[str, int], *, perceptual: bool) -> None:
    """Refuse to replace what was measured with other repeats or other scores."""
    known = read(path)
    if known is not None:
        check_same(path, known | {"perceptual": "perceptual" in known["scores"]}, settings | {"perceptual": perceptual})


def make_parser() -> argparse.ArgumentParser:
    """Make the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    done = {"scores": do_scores, "options": do_options, "cost": do_cost, "pictures": draw_scores}
    scores, options, cost, pictures = (add_command(commands, name, do).add_argument for name, do in done.items())
    add_training(scores, steps=500, reference_images=100)
    scores("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    scores("--output", type=Path, required=True, help="folder of the generators")
    add_training(options, steps=400, reference_images=40)
    options("--data", required=True, metavar="NAME[=ROOT]")
    options("--options", nargs="+", choices=OPTIONS, default=list(OPTIONS))
    cost("--image-size", type=int, default=512, help="side in pixels")
    cost("--base-channels", type=int, default=64)
    cost("--repeats", type=int, default=5)
    for add in (scores, cost):
        add("--backbone-weights", type=Path, help="of timm's resnet18 for the perceptual error")
    pictures("--config", type=Path, required=True, help="that the generator was trained with")
    pictures("--weights", type=Path, required=True, help="of the generator, of study.py scores")
    pictures("--picture", type=Path, default=PICTURE)
    return parser


def add_training(add: Callable[..., object], *, steps: int, reference_images: int) -> None:
    """Let a subcommand train and score, with numbers of training steps and of images for reference values."""
    add("--config", type=Path, required=True, help="SCADN's model and training")
    add("--seeds", type=int, nargs="+", default=[0])
    add("--steps", type=int, default=steps, help="training steps, a batch each")
    add("--image-size", type=int, help="overrules the configuration")
    add("--crop-size", type=int, help="overrules the configuration")
    add("--stripes", type=int, nargs="+", help="overrules the configuration")
    widths = "widths over the errors, in pixels"
    add("--smoothing", type=float, nargs="+", default=[1.0, 2.0, 4.0, 8.0], help=widths)
    add("--reference-images", type=int, default=reference_images, help="training images for reference values")
    add("--test-images", type=int, help="test images, evenly spread; all if not given")


def main() -> None:
    """Do what was asked."""
    parser = make_parser()
    arguments = parser.parse_args()
    run_to_end(parser, lambda: arguments.do(arguments))


if __name__ == "__main__":
    main()
