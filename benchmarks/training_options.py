# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Compare ways to train: each option alone changes the configuration; all are scored alike.

    python benchmarks/training_options.py --data lace --config configs/scadn_plus.yaml --seeds 0 1
        [--options flips ...] [--image-size 256 --crop-size 128 --stripes 8 16 32]

``--data`` is as in ``benchmarks/scores.py``; :mod:`score_study.options` lists the options. Results go to
``benchmarks/results/training_options_DATA.json``; what the file has is not run again.
"""

import argparse
import time
from functools import partial
from typing import Any

from comparison.data import MNIST, parse_data
from fingerprints import folder_fingerprint
from runs import end, run_missing, settings_of
from score_study.command import OVERRULED, make_parser, model_changes
from score_study.evaluate import COMPARED_SIDE, Study
from score_study.options import OPTIONS
from score_study.training import make_data, make_model, train
from score_study.variants import make_variants
from score_tables import SHIPPED, SHIPPED_FOR_CLASSES

COMPARED = ("mse, mean, pixel, max", SHIPPED, SHIPPED_FOR_CLASSES)
"""Scores beside the paper's."""


def run(name: str, seed: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Train and score once.

    Args:
        name (str): Key of ``OPTIONS``.
        seed (int): Seed of everything.
        arguments (argparse.Namespace): The command line.

    Returns:
        list[dict[str, Any]]: The metrics by score, and the seconds that training took.
    """
    option, start = OPTIONS[name], time.perf_counter()
    model = make_model(arguments.config, option, seed=seed, reference_images=1, **model_changes(arguments))
    data = make_data(arguments.data, model.input_size[0], option)
    train(model, data, arguments.steps)
    seconds = time.perf_counter() - start
    variants = make_variants(arguments.smoothing, perceptual=False)
    study = Study(model, {name: variants[name] for name in COMPARED}, None)
    study.fit(data.train_data, arguments.reference_images)
    return [{"metrics": study.test(data.test_data, COMPARED_SIDE, arguments.test_images), "train_s": seconds}]


def main() -> None:
    """Run what is missing."""
    parser = make_parser(__doc__, steps=400, reference_images=40)
    parser.add_argument("--data", required=True, metavar="NAME[=ROOT]")
    parser.add_argument("--options", nargs="+", choices=OPTIONS, default=list(OPTIONS))
    arguments = parser.parse_args()
    kept = ("steps", "smoothing", "reference_images", "test_images", *OVERRULED)
    own = {name: getattr(arguments, name) for name in kept}
    settings = settings_of(arguments.config, []) | own
    jobs = [
        ([f"{name}/{seed}"], partial(run, name, seed, arguments))
        for seed in arguments.seeds
        for name in arguments.options
    ]
    name, root = parse_data(arguments.data)
    data = {} if root is None or MNIST.fullmatch(name) else {name: folder_fingerprint(root)}
    _, failed = run_missing(arguments.results / f"training_options_{name}.json", settings, jobs, parser, data)
    end(failed)


if __name__ == "__main__":
    main()
