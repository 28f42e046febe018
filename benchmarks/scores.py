# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Compare scores: train a generator once per data set and seed, keep it, score the same reconstructions in many ways.

    python benchmarks/scores.py --data lace fabric_03=DIR --seeds 0 1 2 --config configs/cpu.yaml --output DIR
        [--image-size 256 --crop-size 128] [--smoothing 1 2 4 8] [--backbone-weights resnet18.safetensors]

A data set is ``lace`` (drawn), ``NAME=ROOT``, a folder in the layout of MVTec AD, or ``mnist:3=ROOT``, a class of
torchvision's MNIST. Generators stay in ``OUTPUT/DATA/seedK``; finished runs are not done again, weights that were
trained otherwise are refused. All results of a data set go to ``benchmarks/results/scores_DATA.json``, which
``benchmarks/tables.py`` makes tables of, or to another folder (``--results``); a file of other seeds, or made with
other settings or data, is refused. Each run is a process of its own; a failed one makes the exit status 1, and
the others are done all the same.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from comparison.data import fingerprint, parse_data
from fingerprints import named_hash
from machines import machine
from runs import MadeOtherwiseError, check_same, save
from score_study.command import OVERRULED, image_side, make_parser, model_changes
from score_study.evaluate import COMPARED_SIDE, Study
from score_study.options import Option
from score_study.training import make_data, make_model, train_once, training_arguments
from score_study.variants import make_variants


def make_arguments() -> argparse.ArgumentParser:
    """Make the command line."""
    parser = make_parser(__doc__, steps=500, reference_images=100)
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    parser.add_argument("--backbone-weights", type=Path, help="weights of timm's resnet18 for the perceptual error")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser


def training(arguments: argparse.Namespace, text: str, seed: int) -> dict[str, Any]:
    """Collect all that decides a generator's weights, without the place of anything on this machine.

    Args:
        arguments (argparse.Namespace): The command line.
        text (str): One of ``--data``.
        seed (int): Seed of everything.

    Returns:
        dict[str, Any]: Plain values.
    """
    name, root = parse_data(text)
    return {
        "arguments": training_arguments(arguments.config),
        **{name: getattr(arguments, name) for name in ("steps", *OVERRULED)},
        "data": name,
        "files": fingerprint(name, None if root is None else str(root), image_side(arguments)),
        "seed": seed,
    }


def configuration(arguments: argparse.Namespace) -> dict[str, Any]:
    """Collect what else decides the results."""
    weights = arguments.backbone_weights
    return {
        **{name: getattr(arguments, name) for name in ("smoothing", "reference_images", "test_images")},
        "backbone_weights": None if weights is None else named_hash(weights),
        "compared_side": COMPARED_SIDE,
    }


def settings_of_run(arguments: argparse.Namespace, text: str, seed: int) -> dict[str, Any]:
    """Collect all that decides a run's results, as a result file has it."""
    return json.loads(json.dumps(configuration(arguments) | training(arguments, text, seed)))


def result_file(arguments: argparse.Namespace, text: str) -> Path:
    """Say where the results of a data set go.

    Args:
        arguments (argparse.Namespace): The command line.
        text (str): One of ``--data``.

    Returns:
        Path: The file. It need not exist.

    Raises:
        MadeOtherwiseError: If it exists and holds other seeds, settings or data.
    """
    path = arguments.results / f"scores_{parse_data(text)[0]}.json"
    if path.is_file():
        known = json.loads(path.read_text())["runs"]
        check_same(path, {"seeds": list(known)}, {"seeds": [str(seed) for seed in arguments.seeds]}, {})
        for seed in arguments.seeds:
            check_same(path, known[str(seed)]["configuration"], settings_of_run(arguments, text, seed), {})
    return path


def work(arguments: argparse.Namespace, text: str, seed: int) -> dict[str, Any]:
    """Do one run.

    Args:
        arguments (argparse.Namespace): The command line.
        text (str): One of ``--data``.
        seed (int): Seed of everything.

    Returns:
        dict[str, Any]: Metrics of all scores, and the seconds that training and scoring took.
    """
    model = make_model(arguments.config, Option(), seed=seed, reference_images=1, **model_changes(arguments))
    datamodule = make_data(text, model.input_size[0], Option())
    weights = run_folder(arguments, text, seed) / "generator.pt"
    train_s = train_once(model, datamodule, arguments.steps, weights, training(arguments, text, seed))
    trained = time.perf_counter()
    study = Study(model, variants_of(arguments), arguments.backbone_weights)
    study.fit(datamodule.train_data, arguments.reference_images)
    metrics = study.test(datamodule.test_data, COMPARED_SIDE, arguments.test_images)
    return {"metrics": metrics, "train_s": train_s, "score_s": time.perf_counter() - trained}


def variants_of(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """List the composite scores to compare, by name."""
    return make_variants(arguments.smoothing, perceptual=arguments.backbone_weights is not None)


def run_folder(arguments: argparse.Namespace, text: str, seed: int) -> Path:
    """Say where a run's files lie."""
    return arguments.output / parse_data(text)[0] / f"seed{seed}"


def run(arguments: argparse.Namespace, text: str, seed: int) -> dict[str, Any] | None:
    """Do one run in a process of its own, unless it is done.

    Args:
        arguments (argparse.Namespace): The command line.
        text (str): One of ``--data``.
        seed (int): Seed of everything.

    Returns:
        dict[str, Any] | None: The result; ``None`` if the run failed.
    """
    path = run_folder(arguments, text, seed) / "scores.json"
    wanted = settings_of_run(arguments, text, seed)
    known = json.loads(path.read_text()) if path.is_file() else {"configuration": None}
    if known["configuration"] == wanted and known["metrics"].keys() >= variants_of(arguments).keys():
        return known
    command = [sys.executable, __file__, *sys.argv[1:], "--worker", json.dumps([text, seed])]
    print(f"{text.partition('=')[0]}, seed {seed}", flush=True)
    if subprocess.run(command, check=False).returncode:
        return None
    return json.loads(path.read_text())


def main() -> None:
    """Run everything, or in a worker one run."""
    parser = make_arguments()
    arguments = parser.parse_args()
    if arguments.worker:
        text, seed = json.loads(arguments.worker)
        settings = settings_of_run(arguments, text, seed)
        result = {"configuration": settings, "machine": machine(), **work(arguments, text, seed)}
        save(run_folder(arguments, text, seed) / "scores.json", result)
        return
    try:
        files = {text: result_file(arguments, text) for text in arguments.data}
    except MadeOtherwiseError as error:
        parser.error(str(error))
    failed = []
    for text, path in files.items():
        runs = {str(seed): run(arguments, text, seed) for seed in arguments.seeds}
        failed += [f"{text}, seed {seed}" for seed, result in runs.items() if result is None]
        if all(runs.values()):
            save(path, {"configuration": configuration(arguments), "runs": runs})
            print(path)
    if failed:
        sys.exit(f"failed: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
