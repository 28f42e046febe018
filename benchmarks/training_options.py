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
from pathlib import Path
from typing import Any

from fingerprints import folder_fingerprint
from runs import RESULTS, run_missing, settings_of
from score_study.evaluate import Study
from score_study.options import OPTIONS
from score_study.training import make_data, make_model, parse, train
from score_study.variants import make_variants

COMPARED = ("mse, mean, pixel, max", "mse+ssim+msgms, mean, pixel, max")
"""Scores beside the paper's."""

COMPARED_SIDE = 128
"""Height and width, in pixels, that maps and masks are compared at."""


def run(name: str, seed: int, arguments: argparse.Namespace, changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Train and score once.

    Args:
        name (str): Key of ``OPTIONS``.
        seed (int): Seed of everything.
        arguments (argparse.Namespace): The command line.
        changes (dict[str, Any]): Arguments of the model that all options share.

    Returns:
        list[dict[str, Any]]: The metrics by score, and the seconds that training took.
    """
    option, start = OPTIONS[name], time.perf_counter()
    model = make_model(arguments.config, option, seed=seed, reference_images=1, **changes)
    data = make_data(arguments.data, model.input_size[0], option)
    train(model, data, option, arguments.steps)
    seconds = time.perf_counter() - start
    variants = {key: value for key, value in make_variants(perceptual=False).items() if key in COMPARED}
    study = Study(model, variants, arguments.smoothing, None)
    study.fit(data.train_data, arguments.reference_images)
    return [{"metrics": study.test(data.test_data, COMPARED_SIDE, None), "train_s": seconds}]


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, metavar="NAME[=ROOT]")
    parser.add_argument("--config", type=Path, required=True, help="SCADN's model and training")
    parser.add_argument("--options", nargs="+", choices=OPTIONS, default=list(OPTIONS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=400, help="training steps")
    parser.add_argument("--image-size", type=int, help="overrules the configuration")
    parser.add_argument("--crop-size", type=int, help="overrules the configuration")
    parser.add_argument("--stripes", type=int, nargs="+", help="overrules the configuration")
    parser.add_argument("--smoothing", type=float, default=4.0, help="of the errors, in pixels")
    parser.add_argument("--reference-images", type=int, default=40, help="training images for reference values")
    arguments = parser.parse_args()
    given = {name: getattr(arguments, name) for name in ("image_size", "crop_size", "stripes")}
    changes = {name: value for name, value in given.items() if value is not None}
    own = {name: getattr(arguments, name) for name in ("steps", "smoothing", "reference_images")}
    settings = settings_of(arguments.config, []) | own | given
    jobs = [
        ([f"{name}/{seed}"], partial(run, name, seed, arguments, changes))
        for seed in arguments.seeds
        for name in arguments.options
    ]
    name, root = parse(arguments.data)
    data = {} if root is None or name.startswith("mnist:") else {name: folder_fingerprint(Path(root))}
    run_missing(RESULTS / f"training_options_{name.replace(':', '_')}.json", settings, jobs, parser, data)


if __name__ == "__main__":
    main()
