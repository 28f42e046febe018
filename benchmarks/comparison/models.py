# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The models of a comparison, each with the Engine that fits it."""

from pathlib import Path

import torch
import yaml
from anomalib.data import AnomalibDataModule, InferenceBatch
from anomalib.engine import Engine
from anomalib.models import Padim, Patchcore
from anomalib.models.components import AnomalibModule, TimmFeatureExtractor

from anomalib_scadn.baselines import AloccD, AloccDR, Dae, MemAe, Ocgan
from anomalib_scadn.post_processor import ScadnPostProcessor
from anomalib_scadn.scoring.perceptual import load_backbone_weights
from comparison.data import make_datamodule
from comparison.job import BASELINE_ARGUMENTS, HOST_MODELS, Job

HOST_CLASSES = {"patchcore": Patchcore, "padim": Padim}
BASELINES = {"dae": Dae, "mem_ae": MemAe, "alocc_d": AloccD, "alocc_dr": AloccDR, "ocgan": Ocgan}
MODELS = ("scadn", *HOST_MODELS, *BASELINES)
BACKBONE = "resnet18"


def build(job: Job, folder: Path) -> tuple[Engine, AnomalibModule, AnomalibDataModule]:
    """Make a model with the Engine and the data that it is fitted with.

    Args:
        job (Job): The run.
        folder (Path): Where the Engine may write.

    Returns:
        tuple[Engine, AnomalibModule, AnomalibDataModule]: Ready for ``engine.fit``.
    """
    if job.model in HOST_MODELS:
        return _build_host_model(job, folder)
    config = Path(job.scadn_config)
    return _build_configured(job, config if job.model == "scadn" else write_config(job.model, config, folder), folder)


def write_config(model: str, scadn_config: Path, folder: Path) -> Path:
    """Put another method in SCADN's place, so that it is trained with the same images, batches and epochs.

    Args:
        model (str): Name of the method.
        scadn_config (Path): Configuration file of SCADN.
        folder (Path): Where the new file is written.

    Returns:
        Path: Configuration file whose model has of SCADN's arguments :data:`comparison.job.BASELINE_ARGUMENTS`.
    """
    content = yaml.safe_load(scadn_config.read_text(encoding="utf-8"))
    arguments = content["model"].get("init_args") or {}
    content["model"] = {
        "class_path": f"anomalib_scadn.baselines.{BASELINES[model].__name__}",
        "init_args": {name: value for name, value in arguments.items() if name in BASELINE_ARGUMENTS},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _build_configured(job: Job, config: Path, folder: Path) -> tuple[Engine, AnomalibModule, AnomalibDataModule]:
    changes = {
        "model.seed": job.seed,
        "model.image_size": job.image_size,
        "trainer.accelerator": job.accelerator,
        "trainer.devices": 1,
        "trainer.logger": "false",
        "default_root_dir": folder,
    }
    engine, model, configured = Engine.from_config(config, **changes)
    datamodule = make_datamodule(
        job.data,
        job.root,
        job.image_size,
        train_batch_size=configured.train_batch_size,
        eval_batch_size=configured.eval_batch_size,
        train_augmentations=configured.train_augmentations,
        train_images=job.train_images,
        test_images=job.test_images,
    )
    return engine, model, datamodule


def _build_host_model(job: Job, folder: Path) -> tuple[Engine, AnomalibModule, AnomalibDataModule]:
    kind = HOST_CLASSES[job.model]
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
    engine = Engine(accelerator=job.accelerator, devices=1, logger=False, default_root_dir=folder)
    datamodule = make_datamodule(
        job.data, job.root, job.image_size, train_images=job.train_images, test_images=job.test_images
    )
    return engine, model, datamodule


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
        torch.Tensor: Batch that the model takes, where the model is.
    """
    return torch.cat([model.pre_processor.transform(image.unsqueeze(0).to(model.device)) for image in images])


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
