# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The models of a comparison, each with the Engine that fits it."""

from pathlib import Path

import torch
from anomalib.data import AnomalibDataModule, InferenceBatch
from anomalib.engine import Engine
from anomalib.models import Padim, Patchcore
from anomalib.models.components import AnomalibModule, TimmFeatureExtractor

from anomalib_scadn.post_processor import ScadnPostProcessor
from anomalib_scadn.scoring.perceptual import load_backbone_weights
from comparison.data import make_datamodule
from comparison.job import Job

HOST_MODELS = {"patchcore": Patchcore, "padim": Padim}
MODELS = ("scadn", *HOST_MODELS)
BACKBONE = "resnet18"


def build(job: Job, folder: Path) -> tuple[Engine, AnomalibModule, AnomalibDataModule]:
    """Make a model with the Engine and the data that it is fitted with.

    Args:
        job (Job): The run.
        folder (Path): Where the Engine may write.

    Returns:
        tuple[Engine, AnomalibModule, AnomalibDataModule]: Ready for ``engine.fit``.
    """
    return _build_scadn(job, folder) if job.model == "scadn" else _build_host_model(job, folder)


def _build_scadn(job: Job, folder: Path) -> tuple[Engine, AnomalibModule, AnomalibDataModule]:
    changes = {
        "model.seed": job.seed,
        "model.image_size": job.image_size,
        "trainer.accelerator": "cpu",
        "trainer.devices": 1,
        "trainer.logger": "false",
        "default_root_dir": folder,
    }
    engine, model, configured = Engine.from_config(job.scadn_config, **changes)
    datamodule = make_datamodule(
        job.data,
        job.root,
        job.image_size,
        train_batch_size=configured.train_batch_size,
        eval_batch_size=configured.eval_batch_size,
        train_augmentations=configured.train_augmentations,
    )
    return engine, model, datamodule


def _build_host_model(job: Job, folder: Path) -> tuple[Engine, AnomalibModule, AnomalibDataModule]:
    kind = HOST_MODELS[job.model]
    # One post-processor for all: the host's own keeps every validation map, which would hide the models' memory.
    model = kind(
        backbone=BACKBONE,
        pre_trained=False,
        pre_processor=kind.configure_pre_processor((job.image_size, job.image_size)),
        post_processor=ScadnPostProcessor(),
        evaluator=False,
        visualizer=False,
        **({"coreset_sampling_ratio": job.coreset_ratio} if job.model == "patchcore" else {}),
    )
    if job.backbone_weights:
        load_backbone(model, Path(job.backbone_weights))
    engine = Engine(accelerator="cpu", devices=1, logger=False, default_root_dir=folder)
    return engine, model, make_datamodule(job.data, job.root, job.image_size)


def load_backbone(model: AnomalibModule, path: Path) -> None:
    """Load pretrained weights into a model's feature extractors; nothing is downloaded.

    Args:
        model (AnomalibModule): Model whose backbone is timm's.
        path (Path): Weights by timm's names, ``.safetensors`` or ``.pth``; further layers than the model needs are
            left out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the model has no such backbone, or the file lacks or misfits a weight of it.
    """
    networks = [part.feature_extractor for part in model.modules() if isinstance(part, TimmFeatureExtractor)]
    if not networks:
        msg = f"{type(model).__name__} has no backbone of timm's to load {path} into"
        raise ValueError(msg)
    for network in networks:
        load_backbone_weights(network, path)


def preprocess(model: AnomalibModule, images: list[torch.Tensor]) -> torch.Tensor:
    """Resize and normalize images as the host does in training.

    Args:
        model (AnomalibModule): The model.
        images (list[torch.Tensor]): Shape (3, H, W) each, of any size, range [0, 1].

    Returns:
        torch.Tensor: Batch that the model takes.
    """
    return torch.cat([model.pre_processor.transform(image.unsqueeze(0)) for image in images])


def predict_raw(model: AnomalibModule, images: list[torch.Tensor]) -> InferenceBatch:
    """Score images.

    Args:
        model (AnomalibModule): Fitted model.
        images (list[torch.Tensor]): As in :func:`preprocess`.

    Returns:
        InferenceBatch: ``pred_score`` and ``anomaly_map`` as the model computes them, not normalized.
    """
    with torch.no_grad():
        return model.model(preprocess(model, images))


def predict(model: AnomalibModule, images: list[torch.Tensor]) -> InferenceBatch:
    """Score images, normalize and threshold: all of inference but reading files and drawing pictures.

    Args:
        model (AnomalibModule): Fitted model.
        images (list[torch.Tensor]): As in :func:`preprocess`.

    Returns:
        InferenceBatch: As the host's models give it.
    """
    return model.post_processor(predict_raw(model, images))
