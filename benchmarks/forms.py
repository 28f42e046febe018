# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""An untrained model with plausible limits in every form that it can be exported in, and images to score."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from anomalib.deploy import CompressionType
from lightning.pytorch import Trainer
from PIL import Image

from anomalib_scadn import CompositeScore, PaperScore, Scadn, SyntheticLace
from anomalib_scadn.export import export_generator

SCORES = {"paper": PaperScore, "composite": CompositeScore}
"""Scores by name; each has its default options."""


def make_model(image_size: int, base_channels: int, seed: int, score: str = "paper") -> Scadn:
    """Make a model that normalizes as if it had been validated."""
    model = Scadn(
        image_size=image_size, base_channels=base_channels, seed=seed, score=SCORES[score](), visualizer=False
    ).eval()
    generator = torch.Generator().manual_seed(seed)
    # One image has no spread; a composite score is measured against several.
    normal = torch.rand(1 if score == "paper" else 4, 3, image_size, image_size, generator=generator)
    with torch.no_grad():
        model.model.scorer.fit(model.model.statistics(normal), len(normal))
        image = normal[:1] if score == "paper" else torch.rand(1, 3, image_size, image_size, generator=generator) / 2
        output = model.model.score(image)
    for name, typical in (("image", output.pred_score), ("pixel", output.anomaly_map.mean())):
        getattr(model.post_processor, f"{name}_min").fill_(0.0)
        getattr(model.post_processor, f"{name}_max").fill_(2 * float(typical))
        getattr(model.post_processor, f"_{name}_threshold").fill_(float(typical))
    return model


def save_checkpoint(model: Scadn, folder: Path) -> Path:
    """Save a Lightning checkpoint of a model that was never trained."""
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=folder, enable_progress_bar=False)
    trainer.strategy.connect(model)
    trainer.save_checkpoint(folder / "model.ckpt")
    return folder / "model.ckpt"


FORMS: dict[str, Callable[[Scadn, Path], Path]] = {
    "torch eager": save_checkpoint,
    "ONNX Runtime": lambda model, folder: model.to_onnx(folder, verbose=False),
    "OpenVINO f32": lambda model, folder: model.to_openvino(folder, onnx_kwargs={"verbose": False}),
    "generator, ONNX Runtime": lambda model, folder: export_generator(model, folder, "onnx"),
    "generator, OpenVINO f32": lambda model, folder: export_generator(model, folder, "openvino"),
}
"""How a model is exported in every form of full precision."""


def export_all(image_size: int, base_channels: int, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Export a model in every form, those of lower precision too: name, file and OpenVINO's precision."""
    model = make_model(image_size, base_channels, seed=0)
    for name, export in FORMS.items():
        path = export(model, folder)
        yield name, path, "f32"
        if name == "OpenVINO f32":
            yield "OpenVINO bf16", path, "bf16"
            yield "OpenVINO INT8_PTQ", export_int8(model, image_size, folder), "f32"


def export_int8(model: Scadn, image_size: int, folder: Path) -> Path:
    """Quantize a model after training, calibrated on drawn lace."""
    # A handful of images: each takes as long as a score, and time and memory do not depend on how many.
    lace = SyntheticLace(
        root=folder / "lace",
        image_size=image_size,
        num_train=1,
        num_test_good=2,
        num_test_defect=1,
        eval_batch_size=1,
        num_workers=0,
    )
    lace.prepare_data()
    ptq = CompressionType.INT8_PTQ
    return model.to_openvino(folder, "int8", compression_type=ptq, datamodule=lace, onnx_kwargs={"verbose": False})


def write_images(folder: Path, sizes: dict[str, tuple[int, int]], count: int, seed: int) -> dict[str, list[Path]]:
    """Write PNG files of coarse and fine noise."""
    generator = np.random.default_rng(seed)
    files: dict[str, list[Path]] = {}
    for name, (height, width) in sizes.items():
        (folder / name).mkdir(parents=True)
        files[name] = []
        for number in range(count):
            coarse = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            fine = generator.integers(0, 64, (height, width, 3), dtype=np.uint8)
            pixels = np.asarray(coarse.resize((width, height))) // 2 + fine
            files[name].append(folder / name / f"{number}.png")
            Image.fromarray(pixels).save(files[name][-1])
    return files
