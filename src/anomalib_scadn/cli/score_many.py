# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The subcommand ``score-many``: images that are too many for one process, on Ray."""

from functools import partial
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser

from anomalib_scadn.deploy.distributed import run
from anomalib_scadn.deploy.distributed.actors import Workers
from anomalib_scadn.deploy.distributed.session import check_ray
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer
from anomalib_scadn.deploy.inspection.score_table import say_counts
from anomalib_scadn.deploy.loading import thread_options

from .console import DONE, SOME_FAILED, Options
from .scoring import add_scoring_arguments, describe_results, inferencer_options, set_pixel_limit


def add_score_many_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``score-many``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    parser.add_argument(
        "--input",
        type=str,
        required=True,
        help="Folder or storage (s3://, gs://, ...) of images and .tar shards, or a .parquet file with a column path.",
    )
    # No "auto", which machines that differ would understand differently.
    add_scoring_arguments(parser, pictures="anomalous", precisions=("f32", "f16", "bf16", "int8"))
    parser.add_argument("--actors", type=int | None, default=None, help="Models at once. Default: what has room.")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of each model.")
    parser.add_argument(
        "--address", type=str | None, default=None, help="Ray cluster to join. Default: Ray is started for the run."
    )


def score_many(options: Options) -> int:
    """Score images on Ray.

    Args:
        options (Options): Values of the arguments of ``score-many``, by name.

    Returns:
        int: Exit status.
    """
    check_ray()
    set_pixel_limit(options)
    made_with, threads = inferencer_options(options), options["threads"]
    # Whole paths: an actor may have another working directory.
    path = options["model"].resolve()
    if made_with["ignore_mask"] is not None:
        made_with["ignore_mask"] = made_with["ignore_mask"].resolve()
    workers = Workers(
        partial(load, path, threads, made_with),
        options["actors"],
        threads,
        gpu=options["device"].lower().startswith("cuda"),
        max_pixels=options["max_pixels"],
    )
    # The model first, here, where a GPU may be missing: a folder is not claimed for one that cannot be loaded.
    here, recorded = dict(made_with), None
    if workers.gpu:
        here["device"] = "cpu"
        if path.suffix == ".ckpt" and options["precision"] == "bf16":  # a GPU may have what this processor lacks
            here["precision"], recorded = "f32", "bf16"
    checked = StripedMaskInferencer(path, **here)
    record, outputs = describe_results(options, checked, recorded)
    del checked
    found = run.score_many(options["input"], options["output"], record, workers, outputs, address=options["address"])
    counts = say_counts(found.done, found.anomalous, found.failed)
    print(f"{counts}; results are in {options['output']}")
    return SOME_FAILED if found.failed else DONE


def load(path: Path, threads: int, made_with: dict[str, Any]) -> StripedMaskInferencer:
    """Load a model in an actor, and tell its runtime how many threads it has.

    Args:
        path (Path): File of the model, at the same place on all machines.
        threads (int): CPU threads.
        made_with (dict[str, Any]): Further arguments of the inferencer.

    Returns:
        StripedMaskInferencer: The loaded model.
    """
    if path.suffix == ".ckpt":
        import torch

        torch.set_num_threads(threads)
    return StripedMaskInferencer(path, backend_options=thread_options(path, threads, made_with["device"]), **made_with)
