# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One experiment of the paper: train from a configuration, and measure the paper's two metrics on raw scores.

The host's post-processor limits normalized scores to what it saw in validation, which makes ties. So there is none
here, and no validation either: SCADN computes mu_i when training ends, and neither metric needs a threshold.

The host's AUROC squashes a batch through a sigmoid if one of its values lies outside [0, 1], which raw scores may do in
one batch and not in another. So it is computed here from all scores as they are.
"""

import math
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from anomalib.data import AnomalibDataModule
from anomalib.engine import Engine
from anomalib.metrics import AnomalibMetric, Evaluator
from sklearn.metrics import roc_auc_score
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from anomalib_scadn import PerImagePixelAUROC, Scadn
from host_arguments import Options
from runs import Metrics

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


class _RawAUROC(Metric):
    """AUROC of all values as they are."""

    full_state_update = False

    scores: list[torch.Tensor]
    labels: list[torch.Tensor]

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  # torchmetrics' own arguments
        super().__init__(**kwargs)
        self.add_state("scores", [], dist_reduce_fx="cat")
        self.add_state("labels", [], dist_reduce_fx="cat")

    def update(self, preds: torch.Tensor, target: torch.Tensor) -> None:
        """Keep a batch.

        Args:
            preds (torch.Tensor): Scores, any shape.
            target (torch.Tensor): Labels of as many values, non-zero = anomalous.
        """
        self.scores.append(preds.detach().flatten().float())
        self.labels.append(target.flatten() != 0)

    def compute(self) -> torch.Tensor:
        """Compute the area.

        Returns:
            torch.Tensor: Scalar in [0, 1], NaN if there is only one class.
        """
        scores, labels = dim_zero_cat(self.scores), dim_zero_cat(self.labels)
        if labels.all() or not labels.any():
            return torch.tensor(float("nan"))
        return torch.tensor(roc_auc_score(labels.cpu().numpy(), scores.cpu().numpy()), dtype=torch.float)


class AUROC(AnomalibMetric, _RawAUROC):
    """The host's image AUROC, of raw scores."""

    default_fields = ("pred_score", "gt_label")


class Trained(NamedTuple):
    """What training leaves behind.

    Attributes:
        model (Scadn): The model.
        datamodule (AnomalibDataModule): Its data.
        metrics (Metrics): What the test measured, and of a training ``seconds``, the time of both.
        device (torch.device): What the test ran on.
    """

    model: Scadn
    datamodule: AnomalibDataModule
    metrics: Metrics
    device: torch.device


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
    device = engine.trainer.strategy.root_device
    return Trained(model, datamodule, {**_plain(measured), "seconds": round(seconds, 1)}, device)


def measure_variant(trained: Trained, config: Path, options: Options) -> Trained:
    """Measure a model whose training would be the same, but not its inference.

    Args:
        trained (Trained): The trained model.
        config (Path): Its configuration file.
        options (Options): What differs from it; the model must not need mu_i.

    Returns:
        Trained: The other model, the same data, and what the test measured.

    Raises:
        ValueError: If the model needs mu_i, which another way of merging makes another value.
    """
    with TemporaryDirectory() as folder:
        engine, model, _ = _build(config, options, folder)
        model.model.generator.load_state_dict(trained.model.model.generator.state_dict())
        if not model.model.scorer.is_fitted:
            msg = f"this model subtracts mu_i, which it would have to be trained for: {options}"
            raise ValueError(msg)
        measured = engine.test(model=model, datamodule=trained.datamodule)
    return Trained(model, trained.datamodule, _plain(measured), trained.device)


def find_images(config: Path, options: Options) -> Path:
    """Say where an experiment's images are, which are drawn if they are drawn ones and missing.

    Args:
        config (Path): Configuration file.
        options (Options): What differs from it.

    Returns:
        Path: Folder of the category, in the layout of MVTec AD.
    """
    with TemporaryDirectory() as folder:
        _, _, datamodule = _build(config, options, folder)
        datamodule.prepare_data()
    return Path(datamodule.root) / datamodule.category


def _build(config: Path, options: Options, folder: str) -> tuple[Engine, Scadn, AnomalibDataModule]:
    arguments = {"default_root_dir": folder, **_MEASURING, **options}
    engine, model, datamodule = Engine.from_config(config, **arguments)
    model.evaluator = Evaluator(test_metrics=[AUROC(prefix="image_"), PerImagePixelAUROC(strict=False)])
    return engine, model, datamodule


def _plain(measured: list[dict[str, float]]) -> Metrics:
    """Take the metrics that there are: without masks there is no pixel metric."""
    return {name: round(value, 4) for name, value in measured[0].items() if not math.isnan(value)}
