# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Compare SCADN with models of anomalib and of its paper: same images, same split, same machine, one process per run.

    python benchmarks/compare.py --data lace fabric_03=DIR/fabric_03 --models scadn patchcore padim --seeds 0 1 2
        --scadn-config configs/cpu.yaml --backbone-weights resnet18.safetensors --output DIR

A data set is ``lace`` or ``lace=ROOT`` (drawn), ``NAME=ROOT`` or ``ROOT``, a folder in the layout of MVTec AD, or
``mnist:3=ROOT``, a class of torchvision's MNIST. Each run leaves ``result.json``, ``scores.csv``, ``examples.png``,
``examples.npz`` and ``extremes.png`` in ``OUTPUT/DATA/MODEL/seedK``; a run that is complete and was made with the same
configuration is not done again. Then come ``OUTPUT/summary.json``, its tables in ``OUTPUT/summary.md`` and on the
screen, and ROC curves, AUROC against latency and a sheet of maps for each data set. ``--publish NAME`` writes the
summary to ``benchmarks/results/compare_NAME.json`` too, which ``benchmarks/tables.py`` makes tables of.

Times are ratios to the first model named, between runs on the same machine with the same versions. Exits with
status 1 if a run failed; the others are done all the same.
"""

import argparse
import time
import traceback
from pathlib import Path
from typing import Any

import torch

from anomalib_scadn.cli.configs import config_path
from anomalib_scadn.files import write_whole
from comparison import Job, run
from data import MNIST, parse_data
from layout import markdown
from models import ANOMALIB_MODELS, MODELS, scadn_settings
from pictures import draw_all
from provenance import in_own_process
from store import RESULTS, end, save
from summary import COUNTS, compare_cost_table, compare_quality_table, summarize


def parse_arguments() -> argparse.Namespace:
    """Read and check the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    add("--models", nargs="+", choices=MODELS, default=["scadn", *ANOMALIB_MODELS])
    config = "SCADN's model, and the training of all but anomalib's"
    add("--scadn-config", type=Path, default=config_path("cpu"), help=config)
    add("--backbone-weights", type=Path, help="weights of timm's resnet18; without, they are random")
    add("--coreset-ratio", type=float, default=0.1, help="share of features that PatchCore keeps")
    add("--image-size", type=int, default=256, help="side of what every model takes, and of all maps")
    add("--train-images", type=int, help="of MNIST, the first of the class; all if not given")
    add("--test-images", type=int, help="of MNIST, the first; all if not given")
    add("--seeds", type=int, nargs="+", default=[0])
    add("--repeats", type=int, default=20, help="timed calls per batch size")
    add("--accelerator", choices=["cpu", "cuda"], default="cpu", help="what fits and infers")
    add("--output", type=Path, required=True)
    add("--publish", metavar="NAME", help="name of the summary in benchmarks/results")
    arguments = parser.parse_args()
    try:
        found = [parse_data(text) for text in arguments.data]
        arguments.data = dict(found)
        if len(arguments.data) < len(found):
            msg = f"every data set needs a name of its own, got {', '.join(name for name, _ in found)}"
            raise ValueError(msg)
        check(arguments)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return arguments


def check(arguments: argparse.Namespace) -> None:
    """Refuse what would fail later."""
    size, weights = arguments.image_size, arguments.backbone_weights
    takes_config = set(arguments.models) - set(ANOMALIB_MODELS)
    if takes_config:
        scadn_settings(arguments.scadn_config)
    limits = "--image-size of at least 32, --repeats of at least 1, --coreset-ratio above 0 and at most 1"
    in_limits = size >= 32 and arguments.repeats >= 1 and 0 < arguments.coreset_ratio <= 1
    checks = [
        (takes_config and size % 8, f"all models but anomalib's need --image-size to be a multiple of 8, got {size}"),
        (weights is not None and not weights.is_file(), f"no backbone weights {weights}"),
        (
            arguments.accelerator == "cuda" and not torch.cuda.is_available(),
            "--accelerator cuda: torch finds no CUDA GPU here",
        ),
        (min(arguments.seeds) < 0, f"--seeds must be 0 or more, got {min(arguments.seeds)}"),
        (not in_limits, f"expected {limits}, got {size}, {arguments.repeats}, {arguments.coreset_ratio}"),
    ]
    for name in COUNTS:
        option, count, data = f"--{name.replace('_', '-')}", getattr(arguments, name), ", ".join(arguments.data)
        if count is not None:
            is_for_others = not any(map(MNIST.fullmatch, arguments.data))
            checks.append((count < 1, f"{option} must be at least 1, got {count}"))
            checks.append((is_for_others, f"{option} is for classes of MNIST, got {data}"))
    for is_wrong, msg in checks:
        if is_wrong:
            raise ValueError(msg)


def make_jobs(arguments: argparse.Namespace) -> list[Job]:
    """List the runs, so that the models of one seed come right after each other."""
    given = ("image_size", "scadn_config", "backbone_weights", "coreset_ratio", "repeats", "accelerator")
    jobs = []
    for data, root in arguments.data.items():
        names = (*given, *COUNTS) if MNIST.fullmatch(data) else given
        shared = {"folder": arguments.output, **{name: getattr(arguments, name) for name in names}}
        for seed in dict.fromkeys(arguments.seeds):
            jobs += [Job(data, root, model, seed, **shared) for model in dict.fromkeys(arguments.models)]
    return jobs


def run_all(jobs: list[Job]) -> tuple[list[dict[str, Any]], list[str]]:
    """Do the runs that are not done yet; give the results of the finished ones, and what failed."""
    results, failed = [], []
    for number, job in enumerate(jobs, start=1):
        name = f"{job.data}, {job.model}, seed {job.seed}"
        print(f"[{number}/{len(jobs)}] {name}: ", end="", flush=True)
        result = job.finished()
        if result is None:
            print("running", flush=True)
            start = time.perf_counter()
            try:
                result = in_own_process(run, job)
            except Exception as error:  # whatever it is, the others can be run
                traceback.print_exc()
                failed.append(f"{name} ({type(error).__name__})")
                continue
            print(f"[{number}/{len(jobs)}] {name}: done in {time.perf_counter() - start:.0f} s, ", end="")
        else:
            print("was done before, ", end="")
        print(", ".join(f"{metric} {value:.3f}" for metric, value in result["metrics"].items() if value is not None))
        results.append(result)
    return results, failed


def main() -> None:
    """Do all runs, then write tables and pictures."""
    arguments = parse_arguments()
    results, failed = run_all(make_jobs(arguments))
    if results:
        summary = summarize(results, reference=arguments.models[0])
        save(arguments.output / "summary.json", summary)
        text = "\n\n".join(markdown(*table({"": summary})) for table in (compare_quality_table, compare_cost_table))
        write_whole(arguments.output / "summary.md", f"{text}\n".encode())
        pictures = draw_all(arguments.output, summary)
        files = [arguments.output / "summary.json", arguments.output / "summary.md", *pictures]
        print("\n".join([text, "", *map(str, files)]))
        if arguments.publish and not failed:
            save(RESULTS / f"compare_{arguments.publish}.json", summary)
            print(RESULTS / f"compare_{arguments.publish}.json")
    end(failed)


if __name__ == "__main__":
    main()
