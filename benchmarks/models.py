# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The models of a comparison, each with the Engine that fits it."""

from pathlib import Path
from typing import Any

import torch
import yaml
from anomalib.data import AnomalibDataModule, InferenceBatch
from anomalib.engine import Engine
from anomalib.models import Padim, Patchcore
from anomalib.models.components import AnomalibModule, TimmFeatureExtractor

from anomalib_scadn.baselines import AloccD, AloccDR, Dae, MemAe, Ocgan
from anomalib_scadn.components.post_processor import ScadnPostProcessor
from anomalib_scadn.scoring.perceptual import load_backbone_weights
from provenance import without_folders

ANOMALIB_MODELS = {"patchcore": Patchcore, "padim": Padim}

BASELINES = {"dae": Dae, "mem_ae": MemAe, "alocc_d": AloccD, "alocc_dr": AloccDR, "ocgan": Ocgan}

MODELS = ("scadn", *ANOMALIB_MODELS, *BASELINES)
BACKBONE = "resnet18"

Built = tuple[Engine, AnomalibModule, AnomalibDataModule]

DATA_ARGUMENTS = ("train_batch_size", "eval_batch_size", "train_augmentations", "augmentations")
"""What of a configuration's data is part of SCADN's training."""

BASELINE_ARGUMENTS = ("base_channels", "learning_rate", "beta1", "beta2")
"""What the methods that the paper compares with take over of SCADN's own arguments."""


def scadn_settings(path: Path) -> dict[str, Any]:
    """Read what a configuration file says about SCADN and its training."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        msg = f"cannot read the configuration of SCADN {path}: {error}"
        raise ValueError(msg) from error
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or model.get("class_path") != "anomalib_scadn.Scadn":
        msg = f"{path} must be a configuration of anomalib train whose model is anomalib_scadn.Scadn"
        raise ValueError(msg)
    arguments = section(model, "init_args", path)
    datamodule = section(content, "data", path)
    if "class_path" not in datamodule:
        msg = f"{path}: data must name a data module with class_path, got {datamodule!r:.80}"
        raise ValueError(msg)
    data = section(datamodule, "init_args", path)
    settings = {
        "model": {name: value for name, value in arguments.items() if name != "image_size"},
        "trainer": section(content, "trainer", path),
        "data": {name: data[name] for name in DATA_ARGUMENTS if name in data},
    }
    return {"file": path.name, **without_folders(settings)}


def section(content: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    """Look up a part of a configuration file."""
    found = content.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        msg = f"{path}: {name} must hold names and values, got {found!r:.80}"
        raise ValueError(msg)
    return found


def configured(name: str, config: Path, folder: Path, changes: dict[str, Any]) -> Built:
    """Make SCADN, or another method in its place with the same images, batches and epochs, as a configuration says."""
    if name != "scadn":
        content = yaml.safe_load(config.read_text(encoding="utf-8"))
        arguments = content["model"].get("init_args") or {}
        content["model"] = {
            "class_path": f"anomalib_scadn.baselines.{BASELINES[name].__name__}",
            "init_args": {name: value for name, value in arguments.items() if name in BASELINE_ARGUMENTS},
        }
        config = folder / "config.yaml"
        config.write_text(yaml.safe_dump(content), encoding="utf-8")
    return Engine.from_config(config, **changes, default_root_dir=folder)


def anomalib_model(name: str, image_size: int, coreset_ratio: float, backbone_weights: Path | None) -> AnomalibModule:
    """Make a model of anomalib's own, whose backbone is loaded from a file or stays random."""
    kind = ANOMALIB_MODELS[name]
    # One post-processor for all: anomalib's own keeps every validation map, which would hide the models' memory.
    model = kind(
        backbone=BACKBONE,
        pre_trained=False,
        pre_processor=kind.configure_pre_processor((image_size, image_size)),
        post_processor=ScadnPostProcessor(),
        evaluator=False,
        visualizer=False,
        **({"coreset_sampling_ratio": coreset_ratio} if name == "patchcore" else {}),
    )
    if backbone_weights:
        load_backbone(model, backbone_weights)
    return model


def load_backbone(model: AnomalibModule, path: Path) -> None:
    """Load pretrained weights into a model's feature extractors; nothing is downloaded."""
    networks = [part.feature_extractor for part in model.modules() if isinstance(part, TimmFeatureExtractor)]
    if not networks:
        msg = f"{type(model).__name__} has no backbone of timm's to load {path} into"
        raise ValueError(msg)
    for network in networks:
        load_backbone_weights(network, path)


def preprocess(model: AnomalibModule, images: list[torch.Tensor]) -> torch.Tensor:
    """Resize and normalize images as anomalib does in training."""
    return torch.cat([model.pre_processor.transform(image.unsqueeze(0).to(model.device)) for image in images])


def predict_raw(model: AnomalibModule, images: list[torch.Tensor]) -> InferenceBatch:
    """Score images."""
    with torch.no_grad():
        return model.model(preprocess(model, images))


def predict(model: AnomalibModule, images: list[torch.Tensor]) -> InferenceBatch:
    """Score images, normalize and threshold: all of inference but reading files and drawing pictures."""
    return model.post_processor(predict_raw(model, images))
