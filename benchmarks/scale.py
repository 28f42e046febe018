# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What scoring on Ray costs beside the model: time and memory for each image, and throughput beside ``score``.

    python benchmarks/scale.py simulate --images 1000 10000 100000 [--seconds 0] [--actors 2]
    python benchmarks/scale.py throughput [--images 400] [--image-size 128] [--base-channels 8] [--passes once]

``simulate``: a model that sleeps for some seconds, or returns at once, scores a Parquet file of so many paths. Each
path is read and decoded, and leads to one of a thousand small images. Rows are counted, and the memory of all processes
is sampled. ``throughput``: an untrained model scores the same images with ``score`` in one process and with
``score-many`` on one actor and more, one thread each. Times are counted from the first rows on. Results go to
``benchmarks/results`` or ``--results``; what was measured with the same numbers is replaced.
"""

import argparse
import logging
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from lightning.pytorch import Trainer
from PIL import Image

from anomalib_scadn import CompositeScore, PaperScore, Scadn
from anomalib_scadn.cli.score_many import load
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer
from anomalib_scadn.deploy.distributed.actors import Workers
from anomalib_scadn.deploy.distributed.run import score_many, task_size
from anomalib_scadn.deploy.distributed.scorer import Load
from anomalib_scadn.deploy.inspection.folder import score_folder
from anomalib_scadn.deploy.inspection.outcome import Outputs
from anomalib_scadn.deploy.inspection.run_record import describe_run
from anomalib_scadn.deploy.inspection.score_parts import PARTS
from provenance import in_own_process, machine, memory_of_all, peak_memory
from store import add_command, add_rows

FILES = 1000
"""Images that all paths of the simulation lead to."""

MADE_WITH: dict[str, Any] = {
    **dict.fromkeys(("tile", "ignore_mask", "bit_depth", "passes_at_once")),
    "device": "cpu",
    "overlap": 64,
    "batch_size": 1,
}

Row = dict[str, Any]


def sleeping(seconds: float) -> Load:
    """Make a loader of a model that scores an image with half, after some seconds.

    A function in a function: Ray sends it as it is, and not as a name in this program, which its processes cannot find.
    """

    def load() -> Any:  # noqa: ANN401  # what stands in for an inferencer
        flat = np.zeros((8, 8), dtype=np.float32)
        scores = {"raw_score": 0.5, "pred_score": 0.5, "pred_label": False, "selected_scale": 0}
        maps = {"raw_map": flat, "anomaly_map": flat, "pred_mask": flat > 0, "scale_maps": None}

        def predict_many(images: list[Any]) -> Iterator[tuple[Any, InferenceResult]]:
            for image in images:
                time.sleep(seconds)
                yield image, InferenceResult(**scores, **maps)

        nothing = dict.fromkeys(("tile", "ignored", "bit_depth"))
        return SimpleNamespace(**nothing, batch_size=1, predict_many=predict_many)

    return load


def do_simulate(arguments: argparse.Namespace) -> None:
    """Let a model that is none score many images."""
    for images in arguments.images:
        row = in_own_process(simulate, images, arguments.seconds, arguments.actors)
        add_rows(arguments.results / "scale_simulated.json", [row], ("images", "seconds", "actors"))
        print(
            f"{images} images: {row['image_ms']:.3g} ms each, {row['rows']} rows, {row['doubled']} doubled", flush=True
        )


def simulate(images: int, seconds: float, actors: int) -> Row:
    """Score a list of paths with a model that is none: times in seconds, memory in MiB."""
    quiet()
    with TemporaryDirectory() as name, memory_of_all() as samples:
        folder = Path(name)
        manifest = make_paths(folder, images)
        model = folder / "model.ckpt"
        model.write_text("none")
        before, start = peak_memory(), time.perf_counter()
        workers = Workers(sleeping(seconds), actors)
        found = score_many(str(manifest), folder / "out", describe_run(model), workers)
        wall = time.perf_counter() - start
        paths = pa.concat_tables(
            pq.read_table(part, columns=["path", "seconds"]) for part in sorted((folder / "out" / PARTS).iterdir())
        )["path"]
        parts = len(list((folder / "out" / PARTS).iterdir()))
    scoring = wall - found.start_seconds
    half = len(samples) // 2
    return {
        "images": images,
        "seconds": seconds,
        "actors": actors,
        "failed": found.failed,
        "rows": len(paths),
        "doubled": len(paths) - len(pc.unique(paths)),
        "parts": parts,
        "start_s": found.start_seconds,
        "scoring_s": scoring,
        "image_ms": 1000 * scoring / after_first(images, actors),
        "driver_before_mib": before,
        "driver_peak_mib": peak_memory(),
        "all_first_half_mib": max(samples[:half], default=0.0),
        "all_second_half_mib": max(samples[half:], default=0.0),
        "machine": {**machine(), **versions_of_ray()},
    }


def make_paths(folder: Path, count: int) -> Path:
    """Write a list of different paths: links to one folder of images, so that a million take no million files."""
    images = folder / "images"
    images.mkdir()
    for number in range(FILES):
        Image.new("L", (8, 8), number % 256).save(images / f"{number}.png")
    for number in range(-(-count // FILES)):
        (folder / f"link{number}").symlink_to(images)
    with pq.ParquetWriter(folder / "paths.parquet", pa.schema([("path", pa.string())])) as file:
        for first in range(0, count, FILES):  # not all in the memory that is measured
            numbers = range(min(FILES, count - first))
            file.write_table(pa.table({"path": [f"link{first // FILES}/{number}.png" for number in numbers]}))
    return folder / "paths.parquet"


def do_throughput(arguments: argparse.Namespace) -> None:
    """Compare images per second with those of ``score`` in one process."""
    rows = in_own_process(throughput, vars(arguments))
    keys = ("command", "actors", "image_size", "base_channels", "passes")
    add_rows(arguments.results / "scale_throughput.json", rows, keys)
    for row in rows:
        print(f"{row['command']} {row['actors']}: {row['per_second']:.3g} images a second after {row['start_s']:.3g} s")


def throughput(arguments: Row) -> list[Row]:
    """Score the same images with ``score`` and with ``score-many``: start and scoring in seconds."""
    quiet()
    described = {name: arguments[name] for name in ("images", "image_size", "base_channels", "passes")}
    rows = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        source, model = make_images(folder / "images", arguments), make_model(folder / "model.ckpt", arguments)
        record = describe_run(model)
        start = time.perf_counter()
        inferencer: StripedMaskInferencer = load(model, 1, MADE_WITH)
        loaded = time.perf_counter()
        score_folder(inferencer, source, folder / "score", record, Outputs(pictures="none"))
        scoring = time.perf_counter() - loaded
        count = arguments["images"]
        found = {"start_s": loaded - start, "scoring_s": scoring, "per_second": count / scoring}
        rows.append({"command": "score", "actors": 1, **found})
        for actors in arguments["actors"]:
            start = time.perf_counter()
            workers = Workers(partial(load, model, 1, MADE_WITH), actors)
            run = score_many(str(source), folder / f"many{actors}", record, workers, Outputs(pictures="none"))
            scoring = time.perf_counter() - start - run.start_seconds
            found = {"start_s": run.start_seconds, "scoring_s": scoring}
            found["per_second"] = after_first(count, actors) / scoring
            rows.append({"command": "score-many", "actors": actors, **found})
    about = {**described, "machine": {**machine(), **versions_of_ray()}}
    return [{**row, **about} for row in rows]


def after_first(images: int, actors: int) -> int:
    """Count the images that are left when the first task of each actor has ended."""
    return images - actors * task_size(images, actors)


def make_images(folder: Path, arguments: Row) -> Path:
    """Draw noise."""
    folder.mkdir()
    generator, side = np.random.default_rng(0), arguments["image_size"]
    for number in range(arguments["images"]):
        Image.fromarray(generator.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


def make_model(path: Path, arguments: Row) -> Path:
    """Save an untrained model: its time does not depend on its weights."""
    score = PaperScore() if arguments["passes"] == "striped" else CompositeScore()
    sizes = {"image_size": arguments["image_size"], "base_channels": arguments["base_channels"]}
    model = Scadn(**sizes, passes=arguments["passes"], score=score, seed=0, visualizer=False)
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    trainer.strategy.connect(model)
    trainer.save_checkpoint(path)
    return path


def versions_of_ray() -> dict[str, str]:
    """Name the versions of what spreads the work."""
    from importlib.metadata import version

    return {package: version(package) for package in ("ray", "pyarrow")}


def quiet() -> None:
    """Show progress alone."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("anomalib_scadn.deploy.distributed").setLevel(logging.INFO)


def make_parser() -> argparse.ArgumentParser:
    """Make the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    simulated = add_command(commands, "simulate", do_simulate).add_argument
    simulated("--images", type=int, nargs="+", default=[1000, 10_000, 100_000])
    simulated("--seconds", type=float, default=0.0, help="that the model sleeps for each image")
    simulated("--actors", type=int, default=2)
    measured = add_command(commands, "throughput", do_throughput).add_argument
    measured("--images", type=int, default=400)
    measured("--image-size", type=int, default=128, help="side in pixels")
    measured("--base-channels", type=int, default=8)
    measured("--passes", choices=("striped", "once"), default="once")
    measured("--actors", type=int, nargs="+", default=[1, 2])
    return parser


if __name__ == "__main__":
    arguments = make_parser().parse_args()
    arguments.do(arguments)
