# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Training of the generators that scores are compared on."""

import inspect
import io
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import yaml
from anomalib.data import AnomalibDataModule
from anomalib.engine import Engine

from anomalib_scadn import Scadn
from anomalib_scadn.files import write_whole
from anomalib_scadn.scoring import build_score
from comparison.data import MNIST, make_datamodule, parse_data
from runs import save
from score_study.options import Option

BATCHES = {"train_batch_size": 4, "eval_batch_size": 16}


def make_model(config: Path, option: Option, **changes: object) -> Scadn:
    """Make the model as a configuration says.

    Args:
        config (Path): Configuration of the host's command line.
        option (Option): A way to train, whose arguments overrule all others.
        **changes (object): Arguments of the model that overrule the configuration.

    Returns:
        Scadn: Untrained model.
    """
    return option.model_class(**{**_model_arguments(config), **changes, **option.arguments}, visualizer=False)


def training_arguments(config: Path) -> dict[str, Any]:
    """Collect the model's arguments that decide its weights: all but those of the score, which does not train.

    Args:
        config (Path): Configuration of the host's command line.

    Returns:
        dict[str, Any]: Arguments by name.
    """
    judging = {*inspect.signature(build_score).parameters, "reference_images"}
    return {name: value for name, value in _model_arguments(config).items() if name not in judging}


def _model_arguments(config: Path) -> dict[str, Any]:
    return yaml.safe_load(config.read_text(encoding="utf-8"))["model"]["init_args"]


def make_data(text: str, side: int, option: Option) -> AnomalibDataModule:
    """Make the data module, with the batches that SCADN is trained with here.

    Args:
        text (str): One of ``--data``.
        side (int): Side of drawn lace in pixels.
        option (Option): A way to train.

    Returns:
        AnomalibDataModule: The data, prepared and set up.
    """
    name, folder = parse_data(text)
    sizes = {"train_batch_size": 64, "eval_batch_size": 512} if MNIST.fullmatch(name) else BATCHES
    root = None if folder is None else str(folder)
    data = make_datamodule(name, root, side, train_augmentations=option.augmentations, **sizes)
    data.prepare_data()
    data.setup()
    return data


def train(model: Scadn, data: AnomalibDataModule, steps: int) -> None:
    """Train a model without validation; its score's reference values are not what it is about.

    Args:
        model (Scadn): Untrained model, whose ``reference_images`` should be 1; trained in place.
        data (AnomalibDataModule): The data.
        steps (int): Batches.
    """
    with TemporaryDirectory() as name:
        Engine(
            accelerator="cpu",
            max_epochs=-1,
            max_steps=steps * (1 if model.model.discriminator is None else 2),  # each optimizer's step counts
            limit_val_batches=0,
            check_val_every_n_epoch=1,
            logger=False,
            default_root_dir=name,
        ).fit(model, datamodule=data)


def train_once(model: Scadn, data: AnomalibDataModule, steps: int, weights: Path, settings: dict[str, Any]) -> float:
    """Train a generator, or load the one that was trained before.

    Args:
        model (Scadn): Untrained model; trained in place.
        data (AnomalibDataModule): The data.
        steps (int): Batches.
        weights (Path): Where the generator's weights stay; what made them lies beside, as JSON.
        settings (dict[str, Any]): All that decides the weights.

    Returns:
        float: Seconds that its training took, then or now.

    Raises:
        ValueError: If the weights that are there were made with other settings, or nothing says with which.
    """
    record = weights.with_suffix(".json")
    if not weights.is_file():
        start = time.perf_counter()
        train(model, data, steps)
        seconds = time.perf_counter() - start
        weights.parent.mkdir(parents=True, exist_ok=True)
        # Before the weights: where they are, all is.
        save(record, {"settings": settings, "train_s": seconds})
        content = io.BytesIO()
        torch.save(model.model.generator.state_dict(), content)
        write_whole(weights, content.getvalue())
    known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    if known.get("settings") != json.loads(json.dumps(settings)):
        msg = f"{weights} was trained with {known.get('settings', 'unknown settings')}, not with {settings}; "
        msg += "remove it or choose another --output"
        raise ValueError(msg)
    model.model.generator.load_state_dict(torch.load(weights, weights_only=True))
    return known["train_s"]
