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
import json
import os
import sys
import time
import timeit
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import openvino as ov
import torch
from anomalib.engine import Engine

from anomalib_scadn import Scadn, SyntheticLace
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.deploy.loading import thread_options
from anomalib_scadn.deploy.precision import Precision
from data import parse_data
from exports import FORMS, SCORES, SIZES, accuracy, export_all, parity
from layout import markdown
from provenance import MEBIBYTE, in_own_process, machine, peak_memory, versions
from store import add_command, add_rows, save
from tables import deploy_table

REFERENCE = "torch eager"
SCORE_TOLERANCE = 1e-4
MAP_TOLERANCE = 1e-3

Row = dict[str, Any]


def do_times(arguments: argparse.Namespace) -> None:
    """Measure size, time and memory of every form."""
    core = ov.Core()
    described = {
        "processor": core.get_property("CPU", "FULL_DEVICE_NAME"),
        "capabilities": core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
        "threads": arguments.threads,
        "python": versions()["python"],
        "openvino": ov.get_version(),
    }
    given = (arguments.image_size, arguments.base_channels, arguments.repeats, arguments.threads)
    with TemporaryDirectory() as folder:
        rows = measure_forms(*given, arguments.models or Path(folder), described["capabilities"])
    result, name = {"machine": described, "forms": rows}, f"{arguments.image_size}_{arguments.base_channels}"
    print(markdown(*deploy_table({name: result})))
    save(arguments.results / f"deploy_{name}.json", result)
    print(arguments.results / f"deploy_{name}.json")


def measure_forms(
    image_size: int, base_channels: int, repeats: int, threads: int, folder: Path, capabilities: list[str]
) -> list[Row]:
    """Measure every form that the processor has, each number as a ratio to torch eager's too."""
    record = folder / f"forms-{image_size}-{base_channels}.json"
    # All are exported first, so that what is compared runs close together in time.
    if not record.is_file():
        record.write_text(json.dumps(export_all(image_size, base_channels, folder)))
    os.environ["OMP_NUM_THREADS"] = str(threads)  # of the processes that follow
    rows = []
    for form, file, precision in json.loads(record.read_text()):
        if precision == "bf16" and "BF16" not in capabilities:
            continue
        path = folder / file
        # The model's graph, its weights, and the reference values of a generator alone.
        files = [path] if path.suffix == ".ckpt" else path.parent.glob(f"{path.stem}.*")
        size = sum(file.stat().st_size for file in files) / MEBIBYTE
        found = in_own_process(measure_form, path, image_size, repeats, threads, precision)
        rows.append({"form": form, "files_mib": size, **found})
        print(f"{form}: {found['image_s']:.3g} s", flush=True)
    reference = next(row for row in rows if row["form"] == REFERENCE)
    for row in rows:
        row |= {f"{name}_ratio": row[name] / reference[name] for name in ("files_mib", "load_s", "image_s", "peak_mib")}
    return rows


def measure_form(path: Path, image_size: int, repeats: int, threads: int, precision: Precision) -> Row:
    """Load one form and time it: times in seconds, memory in MiB. A first image warms up and is not counted."""
    torch.set_num_threads(threads)
    image = np.random.default_rng(0).integers(0, 256, (image_size, image_size, 3), dtype=np.uint8)
    options = thread_options(path, threads)
    before = peak_memory()
    start = time.perf_counter()
    inferencer = StripedMaskInferencer(path, precision=precision, backend_options=options)
    load_seconds = time.perf_counter() - start
    score = inferencer.predict(image).raw_score
    seconds = timeit.repeat(lambda: inferencer.predict(image), number=1, repeat=repeats)
    return {
        "load_s": load_seconds,
        "image_s": median(seconds),
        "image_s_lowest": min(seconds),
        "image_s_highest": max(seconds),
        "peak_mib": peak_memory(),
        "peak_above_imports_mib": peak_memory() - before,
        "raw_score": score,
    }


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
    done = {"times": do_times, "memory": do_memory, "parity": do_parity, "accuracy": do_accuracy}
    times, memory, check, trained = (add_command(commands, name, do).add_argument for name, do in done.items())
    for add in (times, memory, check):
        add("--image-size", type=int, default=512, help="side in pixels")
        add("--base-channels", type=int, default=64)
    times("--repeats", type=int, default=5)
    times("--threads", type=int, default=os.cpu_count() or 1)
    times("--models", type=Path, help="folder to export to, or where this command exported to before")
    memory("--images", type=int, default=100, help="at least 6")
    check("--score", choices=SCORES, default="paper", help="with its default arguments")
    check("--seeds", type=int, nargs="+", default=[0, 1])
    check("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="of the raw images")
    check("--forms", nargs="+", choices=FORMS, default=list(FORMS), help="some of them, to save memory")
    check("--batch-sizes", type=int, nargs="+", default=[1])
    trained("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    trained("--config", type=Path, required=True, help="SCADN's model and training")
    trained("--seed", type=int, default=0)
    trained("--output", type=Path, required=True, help="another one for another configuration or seed")
    return parser


if __name__ == "__main__":
    arguments = make_parser().parse_args()
    arguments.do(arguments)
