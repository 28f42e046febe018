# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Whether exports say the same: against anomalib's Engine on any image, and by the AUROC of a trained model."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from anomalib.data import AnomalibDataModule
from anomalib.deploy import CompressionType, ExportType
from anomalib.engine import Engine
from anomalib.pre_processing import PreProcessor
from torchvision.transforms.v2 import Resize

from anomalib_scadn import Scadn
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer
from data import LACE, list_test_images, make_datamodule, parse_data, read_test_mask
from forms import FORMS, make_model, write_images
from measure import quality

SIZES = {"same": (1, 1), "larger": (2, 2), "smaller": (0.5, 0.5), "oblong": (0.5, 3)}
"""Heights and widths of raw images, in sides of the model's."""

Reference = dict[Path, tuple[float, np.ndarray]]
"""anomalib's normalized score and map by file."""

Row = dict[str, str | int | float]


def engine_reference(model: Scadn, files: dict[str, list[Path]], folder: Path) -> Reference:
    """Score all files by anomalib's Engine."""
    found = {}
    for paths in files.values():
        engine = Engine(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=folder)
        for batch in engine.predict(model, data_path=paths[0].parent):
            for path, score, anomaly_map in zip(batch.image_path, batch.pred_score, batch.anomaly_map, strict=True):
                found[Path(path)] = (float(score), anomaly_map.squeeze().numpy())
    return found


def differences(inferencer: StripedMaskInferencer, paths: list[Path], reference: Reference) -> tuple[float, float]:
    """Find the largest differences over some files."""
    scores, maps = [], []
    for path, outcome in inferencer.predict_many(paths):
        if not isinstance(outcome, InferenceResult):
            raise outcome
        scores.append(abs(outcome.pred_score - reference[path][0]))
        maps.append(float(np.abs(outcome.anomaly_map - reference[path][1]).max()))
    return max(scores), max(maps)


def parity(seed: int, arguments: argparse.Namespace, folder: Path) -> list[Row]:
    """Compare the forms of one model, working in an empty folder; a row per form, size and batch."""
    side = arguments.image_size
    sizes = {name: (int(side * height), int(side * width)) for name, (height, width) in SIZES.items()}
    chosen = {name: sizes[name] for name in arguments.sizes}
    files = write_images(folder / "images", chosen, max(arguments.batch_sizes), seed)
    model = make_model(side, arguments.base_channels, seed, arguments.score)
    reference = engine_reference(model, files, folder / "engine")
    rows: list[Row] = []
    for form in arguments.forms:
        path = FORMS[form](model, folder)
        for batch_size in arguments.batch_sizes:
            inferencer = StripedMaskInferencer(path, batch_size=batch_size)
            for size, paths in files.items():
                score, anomaly_map = differences(inferencer, paths, reference)
                rows.append(
                    {"form": form, "size": size, "batch": batch_size, "seed": seed, "score": score, "map": anomaly_map}
                )
                print(f"{form:26}{size:9} batch {batch_size} seed {seed}  {score:.1e}  {anomaly_map:.1e}", flush=True)
    return rows


def make(arguments: argparse.Namespace, folder: Path) -> tuple[Engine, Scadn]:
    """Make the model and its Engine as the configuration says, without pictures."""
    changes = {"model.seed": arguments.seed, "trainer.accelerator": "cpu", "trainer.logger": "false"}
    # Validated once, after training: raw scores are compared, but 8-bit graphs want limits that are numbers.
    changes |= {"trainer.limit_val_batches": 0, "trainer.check_val_every_n_epoch": 1}
    engine, model, _ = Engine.from_config(str(arguments.config), **changes, default_root_dir=folder)
    model.visualizer = None
    return engine, model


def trained(arguments: argparse.Namespace, folder: Path, datamodule: AnomalibDataModule) -> tuple[Engine, Scadn]:
    """Train a model, or load the one that was trained before."""
    engine, model = make(arguments, folder)
    checkpoint = folder / "model.ckpt"
    if not checkpoint.is_file():
        engine.fit(model, datamodule=datamodule)
        engine.trainer.save_checkpoint(checkpoint)
    model = Scadn.load_from_checkpoint(checkpoint)
    Engine(accelerator="cpu", logger=False, default_root_dir=folder).validate(model, datamodule=datamodule)
    return engine, model


def score(file: Path, datamodule: AnomalibDataModule) -> dict[str, float | None]:
    """Score the test images with an exported model."""
    inferencer = StripedMaskInferencer(file)
    samples = list_test_images(datamodule)
    scores, maps, masks = [], [], []
    for sample, (path, result) in zip(
        samples, inferencer.predict_many([sample.path for sample in samples]), strict=True
    ):
        if not isinstance(result, InferenceResult):
            raise result
        if Path(path) != sample.path:
            msg = f"expected the result of {sample.path}, got that of {path}"
            raise ValueError(msg)
        scores.append(result.raw_score)
        maps.append(torch.from_numpy(result.raw_map))
        masks.append(read_test_mask(sample, maps[-1].shape[-1]))
    labels = torch.tensor([sample.label for sample in samples])
    return quality(torch.tensor(scores), labels, torch.stack(maps), torch.stack(masks))


def without_antialiasing(
    arguments: argparse.Namespace, folder: Path, datamodule: AnomalibDataModule
) -> dict[str, float | None]:
    """Train and test with images that are resized without antialiasing."""
    engine, model = make(arguments, folder)
    model.pre_processor = PreProcessor(transform=Resize(model.input_size, antialias=False))
    engine.fit(model, datamodule=datamodule)
    engine.trainer.save_checkpoint(folder / "not_antialiased.ckpt")
    return score(folder / "not_antialiased.ckpt", datamodule)


def accuracy(arguments: argparse.Namespace, text: str) -> dict[str, Any]:
    """Do one data set."""
    name, root = parse_data(text)
    folder = arguments.output / name
    side = make(arguments, folder)[1].input_size[0]
    datamodule = make_datamodule(
        name, None if root is None else str(root), side, train_batch_size=4, eval_batch_size=16
    )
    datamodule.prepare_data()
    datamodule.setup()
    engine, model = trained(arguments, folder, datamodule)
    rows = {"torch": score(folder / "model.ckpt", datamodule)}
    forms: list[tuple[str, CompressionType | None]] = [("OpenVINO f32", None), ("INT8_PTQ", CompressionType.INT8_PTQ)]
    for form, compression in forms:
        file = engine.export(
            model,
            ExportType.OPENVINO,
            export_root=folder / form.replace(" ", "_"),
            compression_type=compression,
            datamodule=datamodule if compression else None,
        )
        rows[form] = score(Path(file), datamodule)
    if name != LACE:  # which is drawn at the model's size
        rows["torch, without antialiasing"] = without_antialiasing(arguments, folder, datamodule)
    return rows
