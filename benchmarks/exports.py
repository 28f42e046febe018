# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Whether models say the same in every form that they can be exported in, and as anomalib's Engine."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from anomalib.data import AnomalibDataModule
from anomalib.deploy import CompressionType, ExportType
from anomalib.engine import Engine
from anomalib.pre_processing import PreProcessor
from PIL import Image
from torchvision.transforms.v2 import Resize

from anomalib_scadn import Scadn
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer
from anomalib_scadn.deploy.checkpoint import has_bfloat16
from anomalib_scadn.deploy.precision import Precision
from data import LACE, list_test_images, make_datamodule, parse_data, read_test_mask
from forms import FORMS, make_model
from measure import Scored, measure_areas

SIZES = {"same": (1, 1), "larger": (2, 2), "smaller": (0.5, 0.5), "oblong": (0.5, 3)}
"""Heights and widths of raw images, in sides of the model's."""

Reference = dict[Path, tuple[float, np.ndarray]]
"""anomalib's normalized score and map by file."""


def write_images(folder: Path, sizes: dict[str, tuple[int, int]], count: int, seed: int) -> dict[str, list[Path]]:
    """Write PNG files of coarse and fine noise."""
    generator = np.random.default_rng(seed)
    files: dict[str, list[Path]] = {}
    for name, (height, width) in sizes.items():
        (folder / name).mkdir(parents=True)
        files[name] = [folder / name / f"{number}.png" for number in range(count)]
        for path in files[name]:
            coarse = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            fine = generator.integers(0, 64, (height, width, 3), dtype=np.uint8)
            Image.fromarray(np.asarray(coarse.resize((width, height))) // 2 + fine).save(path)
    return files


def engine_reference(model: Scadn, files: dict[str, list[Path]], folder: Path) -> Reference:
    """Score all files by anomalib's Engine."""
    found = {}
    for paths in files.values():
        engine = Engine(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=folder)
        for batch in engine.predict(model, data_path=paths[0].parent):
            for path, score, anomaly_map in zip(batch.image_path, batch.pred_score, batch.anomaly_map, strict=True):
                found[Path(path)] = (float(score), anomaly_map.squeeze().numpy())
    return found


def results_of(inferencer: StripedMaskInferencer, paths: list[Path]) -> list[InferenceResult]:
    """Score files in their order, and stop at the first that fails."""
    results = []
    for expected, (path, outcome) in zip(paths, inferencer.predict_many(paths), strict=True):
        if not isinstance(outcome, InferenceResult):
            raise outcome
        if Path(path) != expected:
            msg = f"expected the result of {expected}, got that of {path}"
            raise ValueError(msg)
        results.append(outcome)
    return results


def differences(inferencer: StripedMaskInferencer, paths: list[Path], reference: Reference) -> dict[str, float]:
    """Find the largest differences over some files."""
    pairs = [(found, *reference[path]) for path, found in zip(paths, results_of(inferencer, paths), strict=True)]
    return {
        "score": max(abs(found.pred_score - score) for found, score, _ in pairs),
        "map": max(float(np.abs(found.anomaly_map - anomaly_map).max()) for found, _, anomaly_map in pairs),
    }


def parity(seed: int, arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Compare the forms of one model, working in an empty folder; a row per form, size and batch."""
    side = arguments.image_size
    chosen = {name: tuple(int(side * share) for share in SIZES[name]) for name in arguments.sizes}
    files = write_images(folder / "images", chosen, max(arguments.batch_sizes), seed)
    model = make_model(side, arguments.base_channels, seed, arguments.score)
    reference = engine_reference(model, files, folder / "engine")
    rows = []
    for form in arguments.forms:
        path = FORMS[form](model, folder)
        for batch_size in arguments.batch_sizes:
            inferencer = StripedMaskInferencer(path, batch_size=batch_size)
            for size, paths in files.items():
                row = {"form": form, "size": size, "batch": batch_size, "seed": seed}
                rows.append(row | differences(inferencer, paths, reference))
                line = "{form:26}{size:9} batch {batch} seed {seed}  {score:.1e}  {map:.1e}"
                print(line.format(**rows[-1]), flush=True)
    return rows


def make(arguments: argparse.Namespace, folder: Path) -> tuple[Engine, Scadn]:
    """Make the model and its Engine as the configuration says, without pictures."""
    changes = {"model.seed": arguments.seed, "trainer.accelerator": "cpu", "trainer.logger": "false"}
    # Validated once, after training: raw scores are compared, but 8-bit graphs want limits that are numbers.
    changes |= {"trainer.limit_val_batches": 0, "trainer.check_val_every_n_epoch": 1, "trainer.val_check_interval": 1.0}
    engine, model, _ = Engine.from_config(str(arguments.config), **changes, default_root_dir=folder)
    model.visualizer = None
    return engine, model


def fit_once(engine: Engine, model: Scadn, datamodule: AnomalibDataModule, checkpoint: Path) -> Path:
    """Train a model, unless it was trained before."""
    if not checkpoint.is_file():
        engine.fit(model, datamodule=datamodule)
        engine.trainer.save_checkpoint(checkpoint)
    return checkpoint


def score(file: Path, datamodule: AnomalibDataModule, precision: Precision = "f32") -> dict[str, float | None]:
    """Score the test images with an exported model."""
    samples = list_test_images(datamodule)
    results = results_of(StripedMaskInferencer(file, precision=precision), [sample.path for sample in samples])
    maps = torch.stack([torch.from_numpy(result.raw_map) for result in results])
    masks = torch.stack([read_test_mask(sample, maps.shape[-1]) for sample in samples])
    labels = torch.tensor([sample.label for sample in samples])
    return measure_areas(Scored(torch.tensor([result.raw_score for result in results]), labels, maps, masks))


def accuracy(arguments: argparse.Namespace, text: str) -> dict[str, Any]:
    """Measure AUROCs of one data set by form; bfloat16 on a processor that has it."""
    name, root = parse_data(text)
    folder = arguments.output / name
    engine, model = make(arguments, folder)
    datamodule = make_datamodule(name, root, model.input_size[0], train_batch_size=4, eval_batch_size=16)
    datamodule.prepare_data()
    datamodule.setup()
    checkpoint = fit_once(engine, model, datamodule, folder / "model.ckpt")
    model = Scadn.load_from_checkpoint(checkpoint)
    Engine(accelerator="cpu", logger=False, default_root_dir=folder).validate(model, datamodule=datamodule)
    rows = {"torch": score(checkpoint, datamodule)}
    graphs = {}
    for form, compression in (("OpenVINO f32", None), ("INT8_PTQ", CompressionType.INT8_PTQ)):
        how = {"compression_type": compression, "datamodule": datamodule} if compression else {}
        graphs[form] = Path(
            engine.export(model, ExportType.OPENVINO, export_root=folder / form.replace(" ", "_"), **how)
        )
        rows[form] = score(graphs[form], datamodule, "int8" if compression else "f32")
    if has_bfloat16(torch.device("cpu")):
        rows["torch bf16"] = score(checkpoint, datamodule, "bf16")
        rows["OpenVINO bf16"] = score(graphs["OpenVINO f32"], datamodule, "bf16")
    if arguments.without_antialiasing and name != LACE:  # which is drawn at the model's size
        engine, model = make(arguments, folder)
        model.pre_processor = PreProcessor(transform=Resize(model.input_size, antialias=False))
        checkpoint = fit_once(engine, model, datamodule, folder / "not_antialiased.ckpt")
        rows["torch, without antialiasing"] = score(checkpoint, datamodule)
    return rows
