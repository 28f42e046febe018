# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""How long one image takes, in every form of a model and precision that the processor has, by turns in one run.

    python benchmarks/latency.py --image-size 512 --base-channels 64 --passes striped once [--threads 2] [--repeats 5]
    python benchmarks/latency.py --image-size 256 --base-channels 8 16 32 --passes once striped
        --residual full separable --forms OpenVINO --beside patchcore padim --backbone-weights resnet18.safetensors

The models are untrained: weights do not change the time. Each form is loaded in a process of its own. Each turn times
an image in one process after the other, several times if that is quick, and a product of two matrices, which tells
what the processor can do. Widths follow each other, and so do one pass and twelve. Ratios are to the plain way
(``plain.py``) at the same width: twelve striped passes, torch's own layers, the paper's score. ``--beside`` adds models
of anomalib's own, fitted to drawn lace and exported to OpenVINO. Results go to ``latency_SIZE_CHANNELS.json`` in
``benchmarks/results`` or ``--results``; what was measured with the same arguments is replaced.
"""

import argparse
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import numpy as np
import onnxruntime  # noqa: F401  # before memory is measured
import openvino  # noqa: F401
import torch
from anomalib.deploy import OpenVINOInferencer

from anomalib_scadn import Scadn
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.deploy.checkpoint import has_bfloat16
from anomalib_scadn.deploy.loading import thread_options
from anomalib_scadn.deploy.openvino_graph import OpenVinoGraph
from anomalib_scadn.deploy.precision import Precision
from anomalib_scadn.masks import inference_masks
from anomalib_scadn.masks.sizes import Passes, equal_passes_at_once
from anomalib_scadn.networks import Residual
from forms import BARE, COMPILED, PRECISIONS, Form, export_all
from layout import markdown
from models import ANOMALIB_MODELS
from plain import PLAIN, PlainInference
from provenance import MEBIBYTE, in_own_process, machine, named_hash
from store import RESULTS, check_same, read, run_to_end, save
from tables import latency_table
from worker import Call, Row, Worker

PRODUCT = 2048
"""Side of the matrices whose product tells the peak of a processor."""

MODEL_ARGUMENTS = ("image_size", "base_channels", "passes", "residual", "forms", "beside", "coreset_ratio")
"""Arguments that decide the models."""


def load(folder: Path, form: Form, image: np.ndarray, threads: int) -> Call:
    """Load a model; what is returned scores the image once."""
    path = folder / form.file
    if form.form == PLAIN:
        plain = PlainInference(path)
        return lambda: plain.predict(image)
    if form.form in ANOMALIB_MODELS:
        os.chdir(path.parent)  # anomalib's inferencer leaves OpenVINO's cache in the working folder
        config = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": form.precision}
        other = OpenVINOInferencer(path, config=config)
        return lambda: other.predict(image)
    options = thread_options(path, threads)
    if form.form == BARE:
        return bare_passes(path, form.precision, options or {})
    if form.form == COMPILED:
        return compiled(path, form.precision, image)
    inferencer = StripedMaskInferencer(path, precision=form.precision, backend_options=options)
    return lambda: inferencer.predict(image)


def bare_passes(path: Path, precision: Precision, options: dict[str, Any]) -> Call:
    """Run the generator alone as often as an image is painted, as many masked images at once as usual."""
    graph = OpenVinoGraph(path, "cpu", precision, options, None)
    size = graph.metadata.image_size
    count = len(inference_masks(size, graph.metadata.stripes, graph.metadata.passes))
    given = np.zeros((equal_passes_at_once(size, count), 3, *size), dtype=np.float32)
    painted = np.empty((count, 3, *size), dtype=np.float32)
    return lambda: graph.run_into([given] * (count // len(given)), painted)


def compiled(path: Path, precision: str, image: np.ndarray) -> Call:
    """Score with a generator that torch has compiled."""
    module = Scadn.load_from_checkpoint(path).eval()
    module.model.generator.compile()
    batch = torch.from_numpy(image).permute(2, 0, 1)[None] / 255

    def call() -> object:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            return module(batch)

    return call


def product(precision: str) -> Call:
    """Multiply two matrices."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    left, right = (torch.rand(PRODUCT, PRODUCT).to(dtype) for _ in range(2))
    return lambda: left @ right


def exported(arguments: argparse.Namespace, folder: Path) -> list[Form]:
    """Export what is to be timed, or find what an earlier run of this command exported."""
    record, settings = folder / "forms.json", model_settings(arguments)
    known = read(record)
    if known is None:
        made = in_own_process(export_all, arguments, folder)  # so that its memory is free again
        known = {**settings, "made": made}
        save(record, known)
    check_same(record, known, settings)
    return [Form(*values) for values in known["made"]]


def model_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Collect what decides the models."""
    weights = arguments.backbone_weights
    settings = {name: getattr(arguments, name) for name in MODEL_ARGUMENTS}
    return {**settings, "backbone_weights": named_hash(weights) if weights else "random"}


def measure(arguments: argparse.Namespace, folder: Path) -> list[Row]:
    """Time all forms, those of one width and way to ask by turns."""
    native = has_bfloat16(torch.device("cpu"))
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)  # of the processes that follow
    forms = [form for form in exported(arguments, folder) if native or form.precision != "bf16"]
    groups: dict[tuple[int, str], list[Form]] = {}
    for form in forms:
        # Models of anomalib's own have no width, and go with the first. The plain way goes with all: a machine changes.
        own = [form.passes or arguments.passes[0]] if form.form != PLAIN else arguments.passes
        for passes in own:
            groups.setdefault((form.base_channels or arguments.base_channels[0], passes), []).append(form)
    precisions = ("f32", "bf16") if native else ("f32",)
    return [row for group in groups.values() for row in by_turns(group, arguments, folder, precisions)]


def by_turns(forms: list[Form], arguments: argparse.Namespace, folder: Path, precisions: Sequence[str]) -> list[Row]:
    """Time some forms by turns."""
    size, threads = arguments.image_size, arguments.threads
    image = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    products = {name: Worker(f"product in {name}", threads, product, name) for name in precisions}
    workers = [Worker(form.file, threads, load, folder, form, image, threads) for form in forms]
    for step in (Worker.wait, Worker.load):
        for worker in (*products.values(), *workers):
            step(worker)
    for _ in range(arguments.repeats):
        for worker in (*products.values(), *workers):
            worker.turn()
    peaks = {name: 2e-9 * PRODUCT**3 / worker.end()["image_s"]["lowest"] for name, worker in products.items()}
    rows = [row_of(form, folder, worker) for form, worker in zip(forms, workers, strict=True)]
    return [{**row, "peak_gflops": peaks.get(row["precision"])} for row in rows]


def row_of(form: Form, folder: Path, worker: Worker) -> Row:
    """Describe a form and its files, and tell what was measured."""
    path = folder / form.file
    # The model's graph, its weights, and the reference values of a generator alone.
    files = [path] if path.suffix == ".ckpt" else path.parent.glob(f"{path.stem}.*")
    sizes = {"files_mib": sum(file.stat().st_size for file in files) / MEBIBYTE}
    own = {name: value for name, value in form._asdict().items() if name != "file"}
    return {**own, **sizes, **worker.end()}


def main() -> None:
    """Do what was asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--results", type=Path, default=RESULTS, help="folder of the result file")
    add("--image-size", type=int, default=512, help="side in pixels")
    add("--base-channels", type=int, nargs="+", default=[64])
    add("--passes", choices=get_args(Passes), nargs="+", default=["striped"])
    add("--residual", choices=get_args(Residual), nargs="+", default=["full"])
    add("--forms", choices=PRECISIONS, nargs="+", default=list(PRECISIONS))
    add("--threads", type=int, default=os.cpu_count() or 1)
    add("--repeats", type=int, default=5, help="turns")
    add("--beside", nargs="+", choices=ANOMALIB_MODELS, default=[], help="anomalib's own models")
    add("--backbone-weights", type=Path, help="weights of their backbone; without, they are random")
    add("--coreset-ratio", type=float, default=0.01, help="share of features that PatchCore keeps")
    add("--models", type=Path, help="folder to export to, or where the same command exported to before")
    arguments = parser.parse_args()
    run_to_end(parser, lambda: do(arguments))


def do(arguments: argparse.Namespace) -> None:
    """Measure, show and keep."""
    name = "_".join(map(str, (arguments.image_size, *arguments.base_channels)))
    path = arguments.results / f"latency_{name}.json"
    settings = {**model_settings(arguments), "threads": arguments.threads, "repeats": arguments.repeats}
    if known := read(path):
        check_same(path, known, settings)
    with TemporaryDirectory() as folder:
        rows = measure(arguments, arguments.models or Path(folder))
    runtimes = {name: version(name) for name in ("onnxruntime", "openvino", "nncf")}
    result = {**settings, "machine": {**machine(), **runtimes}, "rows": rows}
    print(markdown(*latency_table({name: result})))
    save(path, result)
    print(path)


if __name__ == "__main__":
    main()
