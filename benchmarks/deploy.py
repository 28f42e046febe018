# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""File size, load time, time per image and memory of every form of a model, in one table from one run.

Usage: python benchmarks/deploy.py [--image-size 512] [--base-channels 64] [--repeats 5] [--threads 2] [--models DIR]

Each form runs in a process of its own, so that its peak memory is its own. A first image warms up and is not
counted. Time is the median over the repeats, with the lowest and the highest; every number is given as a ratio to
torch eager, too. Weights are untrained: time and memory do not depend on them.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from process_memory import MEBIBYTE, peak_memory

RESULTS = Path(__file__).parent / "results"
REFERENCE = "torch eager"

Row = dict[str, Any]


def runtime_options(path: Path, threads: int, precision: str) -> dict[str, Any] | None:
    """Make the options that give each runtime the same number of threads.

    Args:
        path (Path): File of the model.
        threads (int): Threads of a runtime.
        precision (str): OpenVINO's precision, ``"f32"`` or ``"bf16"``.

    Returns:
        dict[str, Any] | None: Options of the inferencer.
    """
    if path.suffix == ".xml":
        return {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
    if path.suffix == ".onnx":
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        return {"session_options": options}
    return None


def measure(path: Path, arguments: argparse.Namespace) -> Row:
    """Load one form and time it; runs in a process of its own.

    Args:
        path (Path): File of the model.
        arguments (argparse.Namespace): The command line.

    Returns:
        Row: Times in seconds, memory in MiB.
    """
    import numpy as np
    import torch

    from anomalib_scadn.deploy import StripedMaskInferencer

    torch.set_num_threads(arguments.threads)
    side = arguments.image_size
    image = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    options = runtime_options(path, arguments.threads, arguments.precision)
    before = peak_memory()
    start = time.perf_counter()
    inferencer = StripedMaskInferencer(path, backend_options=options)
    load_seconds = time.perf_counter() - start
    inferencer.predict(image)
    seconds = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        score = inferencer.predict(image).raw_score
        seconds.append(time.perf_counter() - start)
    return {
        "load_s": load_seconds,
        "image_s": median(seconds),
        "image_s_lowest": min(seconds),
        "image_s_highest": max(seconds),
        "peak_mib": peak_memory(),
        "peak_above_imports_mib": peak_memory() - before,
        "raw_score": score,
    }


def make_forms(arguments: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Export the model in every form, or find what was exported before.

    Args:
        arguments (argparse.Namespace): The command line.
        folder (Path): Folder to work in.

    Yields:
        tuple[str, Path, str]: Name, file and OpenVINO's precision.
    """
    record = folder / f"forms-{arguments.image_size}-{arguments.base_channels}.json"
    if record.is_file():
        yield from ((name, folder / path, precision) for name, path, precision in json.loads(record.read_text()))
        return
    forms = list(export_all(arguments, folder))
    record.write_text(json.dumps([(name, str(path.relative_to(folder)), precision) for name, path, precision in forms]))
    yield from forms


def export_all(arguments: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Export the model in every form, as :func:`make_forms` gives them."""
    from anomalib.deploy import CompressionType

    from anomalib_scadn import SyntheticLace
    from forms import export_forms, make_model

    model = make_model(arguments.image_size, arguments.base_channels, seed=0)
    for name, path in export_forms(model, folder):
        yield name, path, "f32"
        if name == "OpenVINO f32":
            yield "OpenVINO bf16", path, "bf16"
            # A handful of images: each takes as long as a score, and time and memory do not depend on how many.
            lace = SyntheticLace(
                root=folder / "lace",
                image_size=arguments.image_size,
                num_train=1,
                num_test_good=2,
                num_test_defect=1,
                eval_batch_size=1,
                num_workers=0,
            )
            lace.prepare_data()
            int8 = model.to_openvino(
                folder,
                "int8",
                compression_type=CompressionType.INT8_PTQ,
                datamodule=lace,
                onnx_kwargs={"verbose": False},
            )
            yield "OpenVINO INT8_PTQ", int8, "f32"


def run_worker(path: Path, precision: str, arguments: argparse.Namespace) -> Row:
    """Measure one form in a process of its own.

    Args:
        path (Path): File of the model.
        precision (str): OpenVINO's precision.
        arguments (argparse.Namespace): The command line.

    Returns:
        Row: What :func:`measure` returned.
    """
    passed = ("image_size", "base_channels", "repeats", "threads")
    options = [text for name in passed for text in (f"--{name.replace('_', '-')}", str(getattr(arguments, name)))]
    command = [sys.executable, __file__, *options, "--worker", str(path), "--precision", precision]
    environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads)}
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    return json.loads(output.splitlines()[-1])


def file_size(path: Path) -> float:
    """Size of a model's files (graph, weights, metadata) in MiB."""
    files = [path] if path.suffix == ".ckpt" else path.parent.glob(f"{path.stem}.*")
    return sum(file.stat().st_size for file in files) / MEBIBYTE


def add_ratios(rows: list[Row]) -> None:
    """Add each number as a ratio to torch eager's.

    Args:
        rows (list[Row]): The table; changed in place.
    """
    reference = next(row for row in rows if row["form"] == REFERENCE)
    for row in rows:
        for name in ("files_mib", "load_s", "image_s", "peak_mib"):
            row[f"{name}_ratio"] = row[name] / reference[name]


def print_table(rows: list[Row]) -> None:
    """Print the table as Markdown.

    Args:
        rows (list[Row]): The table.
    """
    print("| form | files, MiB | load, s | image, s (lowest to highest) | peak, MiB | above imports, MiB |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        spread = f"{row['image_s']:.3g} ({row['image_s_lowest']:.3g} to {row['image_s_highest']:.3g})"
        cells = (
            f"{row['files_mib']:.1f} (x {row['files_mib_ratio']:.2f})",
            f"{row['load_s']:.2f} (x {row['load_s_ratio']:.2f})",
            f"{spread} (x {row['image_s_ratio']:.2f})",
            f"{row['peak_mib']:.0f} (x {row['peak_mib_ratio']:.2f})",
            f"{row['peak_above_imports_mib']:.0f}",
        )
        print(f"| {row['form']} | {' | '.join(cells)} |")


def describe_machine(threads: int) -> Row:
    """Say what the numbers were measured on, and whether its processor has bfloat16 at all."""
    import openvino as ov

    core = ov.Core()
    return {
        "processor": core.get_property("CPU", "FULL_DEVICE_NAME"),
        "capabilities": core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
        "threads": threads,
        "python": platform.python_version(),
        "openvino": ov.get_version(),
    }


def main() -> None:
    """Measure all forms, or in a worker one."""
    parser = argparse.ArgumentParser(description="Size, time and memory of every form of a model.")
    parser.add_argument("--image-size", type=int, default=512, help="side in pixels")
    parser.add_argument("--base-channels", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--models", type=Path, help="folder to export to, or where this command exported to before")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--precision", default="f32", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker is not None:
        print(json.dumps(measure(arguments.worker, arguments)))
        return
    rows = []
    with TemporaryDirectory() as name:
        # All are exported first, so that what is compared runs close together in time.
        for form, path, precision in list(make_forms(arguments, arguments.models or Path(name))):
            rows.append({"form": form, "files_mib": file_size(path), **run_worker(path, precision, arguments)})
            print(f"{form}: {rows[-1]['image_s']:.3g} s", file=sys.stderr, flush=True)
    add_ratios(rows)
    print_table(rows)
    machine = describe_machine(arguments.threads)
    if "BF16" not in machine["capabilities"]:
        print("This processor has no bfloat16: OpenVINO's row of that name shows what the hint does without it.")
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"deploy_{arguments.image_size}_{arguments.base_channels}.json"
    temporary = file.with_suffix(".tmp")
    report = {"machine": machine, "forms": rows}
    temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    temporary.replace(file)


if __name__ == "__main__":
    main()
