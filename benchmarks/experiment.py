# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One experiment of the paper: train from a configuration, and measure the paper's two metrics on raw scores.

anomalib's post-processor limits normalized scores to what it saw in validation, which makes ties. So there is none
here, and no validation either: SCADN computes mu_i when training ends, and neither metric needs a threshold.

anomalib's AUROC squashes a batch through a sigmoid if one of its values lies outside [0, 1], which raw scores may do in
one batch and not in another. So it is computed here from all scores as they are.
"""

import math
import time
import traceback
from dataclasses import dataclass
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
from comparison import write_scores
from data import list_test_images, read_test_mask
from measure import score_test_images
from options import Options
from pictures import draw
from provenance import machine, named_hash, without_folders
from store import Metrics, save

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
        """Keep a batch."""
        self.scores.append(preds.detach().flatten().float())
        self.labels.append(target.flatten() != 0)

    def compute(self) -> torch.Tensor:
        """Compute the area."""
        scores, labels = dim_zero_cat(self.scores), dim_zero_cat(self.labels)
        if labels.all() or not labels.any():
            return torch.tensor(float("nan"))
        return torch.tensor(roc_auc_score(labels.cpu().numpy(), scores.cpu().numpy()), dtype=torch.float)


class AUROC(AnomalibMetric, _RawAUROC):
    """anomalib's image AUROC, of raw scores."""

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
    """Train and test once."""
    with TemporaryDirectory() as folder:
        engine, model, datamodule = _build(config, options, folder)
        start = time.perf_counter()
        measured = engine.train(model=model, datamodule=datamodule)
        seconds = time.perf_counter() - start
    device = engine.trainer.strategy.root_device
    return Trained(model, datamodule, {**_plain(measured), "seconds": round(seconds, 1)}, device)


def measure_variant(trained: Trained, config: Path, options: Options) -> Trained:
    """Measure a model whose training would be the same, but not its inference."""
    with TemporaryDirectory() as folder:
        engine, model, _ = _build(config, options, folder)
        model.model.generator.load_state_dict(trained.model.model.generator.state_dict())
        if not model.model.scorer.is_fitted:
            msg = f"this model subtracts mu_i, which it would have to be trained for: {options}"
            raise ValueError(msg)
        measured = engine.test(model=model, datamodule=trained.datamodule)
    return Trained(model, trained.datamodule, _plain(measured), trained.device)


def find_images(config: Path, options: Options) -> Path:
    """Say where an experiment's images are, which are drawn if they are drawn ones and missing."""
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


SEED = "model.seed"


@dataclass(frozen=True)
class Figures:
    """Where the figures of one data set's runs go, and what tells them from others."""

    folder: Path
    data: str
    files: str
    config: Path

    def keep(self, row: str, options: Options, trained: Trained) -> None:
        """Score the test images once more, and keep what came out as :mod:`comparison` does.

        A failure is printed and goes no further: hours of training shall not be lost for a picture.
        """
        try:
            self._keep(self.folder / self.data / row / f"seed{options[SEED]}", row, options, trained)
        except Exception:  # whatever it is, the metrics are there
            traceback.print_exc()
            print(f"no figures of {self.data}, {row}", flush=True)

    def _keep(self, results: Path, row: str, options: Options, trained: Trained) -> None:
        (results / "result.json").unlink(missing_ok=True)  # written last: where it is, the others belong to it
        results.mkdir(parents=True, exist_ok=True)
        model = trained.model.to(trained.device).eval()  # anomalib moves it back to the processor
        samples = list_test_images(trained.datamodule)
        side = model.input_size[0]
        scores, maps = score_test_images(model, samples, side)
        masks = torch.stack([read_test_mask(sample, side) for sample in samples])
        write_scores(results / "scores.csv", samples, scores)
        draw(results, f"{row}, {self.data}", model, samples, scores, maps, masks)
        configuration = {
            "config": named_hash(self.config),
            "files": self.files,
            "image_size": side,
            **{name: without_folders(str(value)) for name, value in options.items() if name != SEED},
        }
        result = {"configuration": configuration, "metrics": trained.metrics, "machine": machine()}
        save(results / "result.json", result)
