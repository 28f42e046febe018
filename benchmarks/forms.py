# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What the benchmarks of deployment share: an untrained model with plausible limits, in every form."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import Trainer
from PIL import Image

from anomalib_scadn import Scadn
from anomalib_scadn.deploy import export_generator
from anomalib_scadn.scoring import ScoreName


def make_model(image_size: int, base_channels: int, seed: int, score: ScoreName = "paper") -> Scadn:
    """Make a model that normalizes as if it had been validated.

    Args:
        image_size (int): Side in pixels.
        base_channels (int): Channels of the first layers.
        seed (int): Seed of the weights.
        score (Literal["paper", "composite"]): Score of the model, with its default arguments. Defaults to ``"paper"``.

    Returns:
        Scadn: Untrained model whose normalization maps the score of an image to one half.
    """
    model = Scadn(image_size=image_size, base_channels=base_channels, seed=seed, score=score, visualizer=False).eval()
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
    """Save a Lightning checkpoint of a model that was never trained.

    Args:
        model (Scadn): The model.
        folder (Path): Folder to write into.

    Returns:
        Path: The checkpoint.
    """
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


def export_forms(model: Scadn, folder: Path, forms: Iterable[str] = FORMS) -> Iterator[tuple[str, Path]]:
    """Export a model.

    Args:
        model (Scadn): The model.
        folder (Path): Folder to write into.
        forms (Iterable[str]): Keys of :data:`FORMS`. Defaults to all.

    Yields:
        tuple[str, Path]: Name of the form and its file.
    """
    for form in forms:
        yield form, FORMS[form](model, folder)


def write_images(folder: Path, sizes: dict[str, tuple[int, int]], count: int, seed: int) -> dict[str, list[Path]]:
    """Write PNG files of coarse and fine noise.

    Args:
        folder (Path): Folder to write into, one sub-folder per size.
        sizes (dict[str, tuple[int, int]]): Height and width by name.
        count (int): Images per size.
        seed (int): Seed of the noise.

    Returns:
        dict[str, list[Path]]: The files by the name of their size.
    """
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
