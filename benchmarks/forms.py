# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Untrained models in every form that they can be exported in."""

import argparse
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import NamedTuple

import torch
from anomalib.deploy import CompressionType
from anomalib.engine import Engine
from lightning.pytorch import Trainer
from torch import nn

from anomalib_scadn import CompositeScore, PaperScore, Scadn, SyntheticLace
from anomalib_scadn.deploy.precision import Precision
from anomalib_scadn.export import export_generator
from measure import count_multiply_adds
from models import anomalib_model
from plain import PLAIN, with_torchs_layers

SCORES = {"paper": PaperScore, "composite": CompositeScore}
"""Scores by name; each has its default options."""


class Form(NamedTuple):
    """A model in a runtime.

    Attributes:
        form (str): What it is called.
        precision (str): What it is computed in.
        file (str): Its file, from the folder of all forms.
        base_channels (int): Channels of SCADN's first layers; 0 for other models.
        passes (str): SCADN's passes.
        residual (str): SCADN's residual blocks.
        multiply_adds (int): What SCADN's generator computes for an image.
    """

    form: str
    precision: Precision
    file: str
    base_channels: int = 0
    passes: str = ""
    residual: str = ""
    multiply_adds: int = 0


def make_model(image_size: int, base_channels: int, seed: int, score: str = "paper", **own: object) -> Scadn:
    """Make a model that normalizes as if it had been validated."""
    shared = {"image_size": image_size, "base_channels": base_channels, "seed": seed, "score": SCORES[score]()}
    model = Scadn(**shared, **own, visualizer=False).eval()
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


def export_int8(model: Scadn, folder: Path) -> Path:
    """Quantize a model after training, calibrated on drawn lace."""
    # A handful of images: each takes as long as a score, and time and memory do not depend on how many.
    few = {"num_train": 1, "num_test_good": 2, "num_test_defect": 1, "eval_batch_size": 1, "num_workers": 0}
    lace = SyntheticLace(root=folder / "lace", image_size=model.input_size[0], **few)
    lace.prepare_data()
    ptq = CompressionType.INT8_PTQ
    return model.to_openvino(folder, "int8", compression_type=ptq, datamodule=lace, onnx_kwargs={"verbose": False})


FORMS: dict[str, Callable[[Scadn, Path], Path]] = {
    "torch eager": save_checkpoint,
    "ONNX Runtime": lambda model, folder: model.to_onnx(folder, verbose=False),
    "OpenVINO": lambda model, folder: model.to_openvino(folder, onnx_kwargs={"verbose": False}),
    "generator, ONNX Runtime": lambda model, folder: export_generator(model, folder, "onnx"),
    "generator, OpenVINO": lambda model, folder: export_generator(model, folder, "openvino"),
}
"""How a model is exported in every form of full precision."""

COMPILED, BARE = "torch compiled", "bare passes, OpenVINO"
"""A checkpoint whose generator is compiled by ``torch.compile``, and the generator's passes of an image alone."""

EXPORTS = {
    **FORMS,
    COMPILED: save_checkpoint,
    "OpenVINO INT8_PTQ": export_int8,
    BARE: FORMS["generator, OpenVINO"],
}
"""How a model is exported in every form."""

PRECISIONS: dict[str, tuple[Precision, ...]] = {
    "torch eager": ("f32", "bf16"),
    COMPILED: ("f32", "bf16"),
    "ONNX Runtime": ("f32",),
    "OpenVINO": ("f32", "bf16"),
    "OpenVINO INT8_PTQ": ("int8",),
    BARE: ("f32", "bf16"),
}
"""What is timed: forms, and the precisions that each is run in where the processor has them."""


def export_all(arguments: argparse.Namespace, folder: Path) -> list[Form]:
    """Export what is asked for: each width the plain way, each network and way to ask it, models of anomalib's own."""
    size, made = arguments.image_size, []
    for channels in arguments.base_channels:
        made.append(export_plain(size, channels, folder))
        for passes, residual in product(arguments.passes, arguments.residual):
            own = {"passes": passes, "residual": residual}
            model = make_model(size, channels, 0, "composite" if passes == "once" else "paper", **own)
            adds = len(model.model.masks) * count(model.model.generator, size)
            place = folder / f"{channels}_{passes}_{residual}"
            for form in arguments.forms:
                file = str(EXPORTS[form](model, place).relative_to(folder))
                made += [Form(form, each, file, channels, passes, residual, adds) for each in PRECISIONS[form]]
    for name in arguments.beside:
        file = str(export_beside(name, arguments, folder / name).relative_to(folder))
        made += [Form(name, precision, file) for precision in PRECISIONS["OpenVINO"]]
    return made


def export_plain(size: int, channels: int, folder: Path) -> Form:
    """Save a model that is run as the paper tells it."""
    place = folder / f"{channels}_plain"
    model = make_model(size, channels, seed=0)
    adds = len(model.model.masks) * count(with_torchs_layers(model.model.generator), size)
    file = str(save_checkpoint(model, place).relative_to(folder))
    return Form(PLAIN, "f32", file, channels, "striped", "full", adds)


def count(generator: nn.Module, size: int) -> int:
    """Count the multiply-adds of one pass."""
    with torch.no_grad():
        return count_multiply_adds(lambda: generator(torch.zeros(1, 3, size, size)))


def export_beside(name: str, arguments: argparse.Namespace, folder: Path) -> Path:
    """Fit a model of anomalib's own to drawn lace, and export it to OpenVINO."""
    size = arguments.image_size
    model = anomalib_model(name, size, arguments.coreset_ratio, arguments.backbone_weights)
    lace = SyntheticLace(root=folder / "lace", image_size=size, num_workers=0)
    engine = Engine(accelerator="cpu", devices=1, logger=False, default_root_dir=folder)
    engine.fit(model, datamodule=lace)
    # Of one image: with a dynamic batch, PatchCore's graph may be fixed to anomalib's example, a batch of two.
    return Path(model.to_openvino(folder, input_size=(size, size), onnx_kwargs={"dynamic_shapes": None}))
