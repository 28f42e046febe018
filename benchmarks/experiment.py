# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One experiment of the paper: train from a configuration, and measure the paper's two metrics on raw scores.

The host's post-processor limits normalized scores to what it saw in validation, which makes ties. So there is none
here, and no validation either: SCADN computes mu_i when training ends, and neither metric needs a threshold.
"""

import math
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from anomalib.data import AnomalibDataModule
from anomalib.engine import Engine
from anomalib.metrics import AUROC, Evaluator

from anomalib_scadn import PerImagePixelAUROC, Scadn
from runs import Metrics, Options

_MEASURING: Options = {
    "model.visualizer": False,
    "model.post_processor": False,
    "trainer.limit_val_batches": 0,
    # Without validation, and with anything but 1 here, no checkpoint is written before training ends.
    "trainer.check_val_every_n_epoch": 2**31,
    "trainer.logger": False,
    "trainer.enable_progress_bar": False,
    "trainer.enable_model_summary": False,
}


class Trained(NamedTuple):
    """What training leaves behind.

    Attributes:
        model (Scadn): The model.
        datamodule (AnomalibDataModule): Its data.
        metrics (Metrics): What the test measured, and ``seconds``, the time of both.
    """

    model: Scadn
    datamodule: AnomalibDataModule
    metrics: Metrics


def train(config: Path, options: Options) -> Trained:
    """Train and test once.

    Args:
        config (Path): Configuration file.
        options (Options): What differs from it.

    Returns:
        Trained: Model, data and metrics.
    """
    with TemporaryDirectory() as folder:
        engine, model, datamodule = _build(config, options, folder)
        start = time.perf_counter()
        measured = engine.train(model=model, datamodule=datamodule)
        seconds = time.perf_counter() - start
    return Trained(model, datamodule, {**_plain(measured), "seconds": round(seconds, 1)})


def measure_variant(trained: Trained, config: Path, options: Options) -> Metrics:
    """Measure a model whose training would be the same, but not its inference.

    Args:
        trained (Trained): The trained model.
        config (Path): Its configuration file.
        options (Options): What differs from it; the model must not need mu_i.

    Returns:
        Metrics: What the test measured.

    Raises:
        ValueError: If the model needs mu_i, which another way of merging makes another value.
    """
    with TemporaryDirectory() as folder:
        engine, model, _ = _build(config, options, folder)
        model.model.generator.load_state_dict(trained.model.model.generator.state_dict())
        if not model.model.scorer.is_fitted:
            msg = f"this model subtracts mu_i, which it would have to be trained for: {options}"
            raise ValueError(msg)
        return _plain(engine.test(model=model, datamodule=trained.datamodule))


def _build(config: Path, options: Options, folder: str) -> tuple[Engine, Scadn, AnomalibDataModule]:
    arguments = {"default_root_dir": folder, **_MEASURING, **options}
    engine, model, datamodule = Engine.from_config(config, **arguments)
    model.evaluator = Evaluator(
        test_metrics=[AUROC(fields=["pred_score", "gt_label"], prefix="image_"), PerImagePixelAUROC(strict=False)]
    )
    return engine, model, datamodule


def _plain(measured: list[dict[str, float]]) -> Metrics:
    """Take the metrics that there are: without masks there is no pixel metric."""
    return {name: round(value, 4) for name, value in measured[0].items() if not math.isnan(value)}
