# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a form of a model costs, and what validation takes; each measured in a process of its own."""

import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import openvino as ov
import torch
from anomalib.engine import Engine

from anomalib_scadn import Scadn, SyntheticLace
from anomalib_scadn.deploy import StripedMaskInferencer
from forms import export_all
from provenance import MEBIBYTE, machine, peak_memory, versions
from workers import in_own_process

REFERENCE = "torch eager"

Row = dict[str, Any]


def runtime_options(path: Path, threads: int, precision: str) -> dict[str, Any] | None:
    """Make the options that give each runtime the same number of threads."""
    if path.suffix == ".xml":
        return {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
    if path.suffix == ".onnx":
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        return {"session_options": options}
    return None


def measure_form(path: str, image_size: int, repeats: int, threads: int, precision: str) -> Row:
    """Load one form and time it: times in seconds, memory in MiB. A first image warms up and is not counted."""
    torch.set_num_threads(threads)
    image = np.random.default_rng(0).integers(0, 256, (image_size, image_size, 3), dtype=np.uint8)
    options = runtime_options(Path(path), threads, precision)
    before = peak_memory()
    start = time.perf_counter()
    inferencer = StripedMaskInferencer(path, backend_options=options)
    load_seconds = time.perf_counter() - start
    inferencer.predict(image)
    seconds = []
    for _ in range(repeats):
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


def measure_forms(image_size: int, base_channels: int, repeats: int, threads: int, folder: Path) -> list[Row]:
    """Measure every form, each number as a ratio to torch eager's too."""
    rows = []
    # All are exported first, so that what is compared runs close together in time.
    for form, path, precision in make_forms(image_size, base_channels, folder):
        found = in_own_process(measure_form, str(path), image_size, repeats, threads, precision, threads=threads)
        rows.append({"form": form, "files_mib": file_size(path), **found})
        print(f"{form}: {found['image_s']:.3g} s", flush=True)
    reference = next(row for row in rows if row["form"] == REFERENCE)
    for row in rows:
        row |= {f"{name}_ratio": row[name] / reference[name] for name in ("files_mib", "load_s", "image_s", "peak_mib")}
    return rows


def make_forms(image_size: int, base_channels: int, folder: Path) -> list[tuple[str, Path, str]]:
    """Export the model in every form, or find what was exported before, as :func:`~forms.export_all` gives them."""
    record = folder / f"forms-{image_size}-{base_channels}.json"
    if not record.is_file():
        forms = list(export_all(image_size, base_channels, folder))
        names = [(name, str(path.relative_to(folder)), precision) for name, path, precision in forms]
        record.write_text(json.dumps(names))
    return [(name, folder / path, precision) for name, path, precision in json.loads(record.read_text())]


def file_size(path: Path) -> float:
    """Size of a model's files (graph, weights, metadata) in MiB."""
    files = [path] if path.suffix == ".ckpt" else path.parent.glob(f"{path.stem}.*")
    return sum(file.stat().st_size for file in files) / MEBIBYTE


def describe_machine(threads: int) -> Row:
    """Say what the numbers were measured on, and whether its processor has bfloat16 at all."""
    core = ov.Core()
    return {
        "processor": core.get_property("CPU", "FULL_DEVICE_NAME"),
        "capabilities": core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
        "threads": threads,
        "python": versions()["python"],
        "openvino": ov.get_version(),
    }


def measure_validation(image_size: int, base_channels: int, images: int) -> Row:
    """Validate an untrained model once with the default post-processor: peak of the memory before and after."""
    model = Scadn(image_size=image_size, base_channels=base_channels, reference_images=1, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        lace = SyntheticLace(
            root=folder,
            image_size=image_size,
            num_train=1,
            num_test_good=images - 5 * (images // 6),
            num_test_defect=images // 6,
            num_workers=0,
        )
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
