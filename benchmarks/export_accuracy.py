# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What 8-bit weights and antialiasing do to the AUROC of a trained model.

    python benchmarks/export_accuracy.py --data lace fabric_03=DIR --config configs/cpu.yaml --output DIR

Trains a model per data set, exports it to OpenVINO in full precision and by 8-bit quantization after training
(INT8_PTQ, calibrated on the validation images), and scores the test images with each. Of a folder's images, a second
model is trained and tested with images that are resized without antialiasing. Models stay in ``OUTPUT/DATA``
(give another OUTPUT for another configuration or seed);
``--data`` is as in ``benchmarks/compare.py``. The results of a data set go to
``benchmarks/results/export_accuracy_DATA_CONFIG.json``.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from anomalib.data import AnomalibDataModule
from anomalib.deploy import CompressionType, ExportType
from anomalib.engine import Engine
from anomalib.pre_processing import PreProcessor
from torchvision.transforms.v2 import Resize

from anomalib_scadn import Scadn
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer
from comparison.data import LACE, list_test_images, make_datamodule, parse_data, read_test_mask
from machines import machine
from runs import RESULTS, save
from score_study.quality import quality


def make(arguments: argparse.Namespace, folder: Path) -> tuple[Engine, Scadn]:
    """Make the model and its Engine as the configuration says, without pictures."""
    changes = {"model.seed": arguments.seed, "trainer.accelerator": "cpu", "trainer.logger": "false"}
    # Validated once, after training: raw scores are compared, but 8-bit graphs want limits that are numbers.
    changes |= {"trainer.limit_val_batches": 0, "trainer.check_val_every_n_epoch": 1}
    engine, model, _ = Engine.from_config(str(arguments.config), **changes, default_root_dir=folder)
    model.visualizer = None
    return engine, model


def trained(arguments: argparse.Namespace, folder: Path, datamodule: AnomalibDataModule) -> tuple[Engine, Scadn]:
    """Train a model, or load the one that was trained before.

    Args:
        arguments (argparse.Namespace): The command line.
        folder (Path): Where its checkpoint stays.
        datamodule (AnomalibDataModule): The data.

    Returns:
        tuple[Engine, Scadn]: Engine and trained model.
    """
    engine, model = make(arguments, folder)
    checkpoint = folder / "model.ckpt"
    if not checkpoint.is_file():
        engine.fit(model, datamodule=datamodule)
        engine.trainer.save_checkpoint(checkpoint)
    model = Scadn.load_from_checkpoint(checkpoint)
    Engine(accelerator="cpu", logger=False, default_root_dir=folder).validate(model, datamodule=datamodule)
    return engine, model


def score(file: Path, datamodule: AnomalibDataModule) -> dict[str, float | None]:
    """Score the test images with an exported model.

    Args:
        file (Path): The model.
        datamodule (AnomalibDataModule): The data, set up.

    Returns:
        dict[str, float | None]: AUROC of images and pixels, at the model's size.
    """
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
    """Train and test with images that are resized without antialiasing.

    Args:
        arguments (argparse.Namespace): The command line.
        folder (Path): Where the Engine may write.
        datamodule (AnomalibDataModule): The data.

    Returns:
        dict[str, float | None]: AUROC of images and pixels, at the model's size.
    """
    engine, model = make(arguments, folder)
    model.pre_processor = PreProcessor(transform=Resize(model.input_size, antialias=False))
    engine.fit(model, datamodule=datamodule)
    engine.trainer.save_checkpoint(folder / "not_antialiased.ckpt")
    return score(folder / "not_antialiased.ckpt", datamodule)


def measure(arguments: argparse.Namespace, text: str) -> dict[str, Any]:
    """Do one data set.

    Args:
        arguments (argparse.Namespace): The command line.
        text (str): One of ``--data``.

    Returns:
        dict[str, Any]: Rows of the table, by form.
    """
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


def main() -> None:
    """Do all data sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    parser.add_argument("--config", type=Path, required=True, help="SCADN's model and training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    for text in arguments.data:
        rows = measure(arguments, text)
        report = {"config": arguments.config.name, "seed": arguments.seed, "machine": machine(), "forms": rows}
        path = RESULTS / f"export_accuracy_{parse_data(text)[0]}_{arguments.config.stem}.json"
        save(path, report)
        print(path)


if __name__ == "__main__":
    main()
