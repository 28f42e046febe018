# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The repair rate: a validation that needs no defects; not in the paper.

Synthetic anomalies are drawn into normal validation images. A generator that copies them is of no use, however well it
paints normal images.
"""

import logging
import math
import warnings

import torch
from anomalib.data import ImageBatch
from anomalib.models.components import AnomalibModule
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback
from sklearn.metrics import roc_auc_score
from torchmetrics import CatMetric, MeanMetric, Metric

from anomalib_scadn.anomalies import FILLINGS, draw_anomalies
from anomalib_scadn.masks import composites
from anomalib_scadn.torch_model import ScadnModel

from .metrics import PerImagePixelAUROC

logger = logging.getLogger(__name__)

MOST_IMAGES = 64
"""Normal images of a process that anomalies are drawn into: the first ones. Each costs as much as another image."""

LEAST_CHANGE = 1 / 255
"""Change of the most changed value from which an anomaly counts; some are drawn beyond the border."""


def repaired_share(
    normal: torch.Tensor, anomalous: torch.Tensor, repaired: torch.Tensor, masks: torch.Tensor
) -> torch.Tensor:
    """Measure what share of the anomalies is gone: 1 - ||Î - I||² / ||X - I||² where they lie.

    Args:
        normal (torch.Tensor): I, shape (N, C, H, W), range [0, 1].
        anomalous (torch.Tensor): X, the same images with anomalies, likewise.
        repaired (torch.Tensor): Î, what the generator made of them, likewise.
        masks (torch.Tensor): M, shape (N, 1, H, W), 1 = normal, 0 = anomalous.

    Returns:
        torch.Tensor: Shape (N,), range [0, 1]; NaN where an anomaly changes nothing.
    """
    left, drawn = (((images - normal) * (1 - masks)).square().sum(dim=(1, 2, 3)) for images in (repaired, anomalous))
    return torch.where(drawn > 0, (1 - left / drawn).clamp(min=0.0), torch.nan)


class RepairRate(Callback):
    """Logs what share of synthetic anomalies a model repairs, and how well it finds them.

    The first :data:`MOST_IMAGES` normal validation images get one anomaly each, with each filling in turn. Images
    without labels count as normal. The anomalies depend on the images' order and the number of processes alone, so
    trainings can be compared. ``repair_rate`` is the mean share that is gone, of striped passes after the mean over
    composites, and ``repair_rate_patch`` that of one filling. ``synthetic_image_AUROC`` and
    ``synthetic_PerImagePixelAUROC`` tell how well scores and maps find them. Nothing is logged if a process has no
    normal image.

    Example:
        >>> from anomalib_scadn import Scadn
        >>> any(isinstance(one, RepairRate) for one in Scadn(image_size=32, base_channels=2).configure_callbacks())
        True
    """

    def __init__(self) -> None:
        names = ("repair_rate", *(f"repair_rate_{filling}" for filling in FILLINGS))
        self._metrics: dict[str, Metric] = {name: MeanMetric(nan_strategy="ignore") for name in names}
        self._metrics["synthetic_PerImagePixelAUROC"] = PerImagePixelAUROC()
        # anomalib's AUROC would squash some of the raw scores, as torchmetrics does with values outside [0, 1].
        self._normal, self._anomalous = CatMetric(), CatMetric()
        self._seen = 0
        self._last: dict[str, float] = {}

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: AnomalibModule) -> None:
        """Begin anew."""
        del trainer
        self._seen = 0
        for metric in (*self._metrics.values(), self._normal, self._anomalous):
            metric.reset()
            metric.to(pl_module.device)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: AnomalibModule,
        outputs: ImageBatch,
        batch: ImageBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draw an anomaly into each normal image, and score it beside the normal one."""
        del batch, batch_idx, dataloader_idx
        labels = outputs.gt_label
        normal = range(len(outputs.image)) if labels is None else (~labels.bool()).nonzero().flatten().tolist()
        # In the precision that validation scored the normal images in.
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            for index in normal[: MOST_IMAGES - self._seen]:
                self._measure(pl_module.model, outputs, index, self._seen * trainer.world_size + trainer.global_rank)
                self._seen += 1

    def _measure(self, model: ScadnModel, outputs: ImageBatch, index: int, number: int) -> None:
        """Draw the anomaly of this number into one image of a scored batch."""
        image = outputs.image[index : index + 1]
        filling = tuple(FILLINGS)[number % len(FILLINGS)]
        anomalous, masks = draw_anomalies(image, torch.Generator().manual_seed(number), fillings=[filling], most=1)
        if (anomalous - image).abs().max() < LEAST_CHANGE:
            return
        reconstructions = model.reconstruct(anomalous)
        repaired = composites(reconstructions, model.masks).flatten(1, 2).mean(dim=1)
        for name in ("repair_rate", f"repair_rate_{filling}"):
            self._metrics[name].update(repaired_share(image, anomalous, repaired, masks))
        found = model.scorer(anomalous, reconstructions, model.masks)
        self._normal.update(outputs.pred_score[index])
        self._anomalous.update(found.pred_score)
        marked = ImageBatch(image=anomalous, gt_mask=masks[:, 0] == 0, anomaly_map=found.anomaly_map[:, 0])
        self._metrics["synthetic_PerImagePixelAUROC"].update(marked)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: AnomalibModule) -> None:
        """Log all, unless a process has no normal validation image."""
        if not trainer.strategy.reduce_boolean_decision(bool(self._anomalous.update_called)):
            return
        with warnings.catch_warnings():  # a filling that no image had is left out below
            warnings.filterwarnings("ignore", "The ``compute`` method of metric MeanMetric was called before")
            found = {name: float(metric.compute()) for name, metric in self._metrics.items()}
        scores = [metric.compute().cpu().flatten() for metric in (self._normal, self._anomalous)]
        labels = [torch.full_like(values, label) for label, values in enumerate(scores)]
        found["synthetic_image_AUROC"] = float(roc_auc_score(torch.cat(labels), torch.cat(scores)))
        self._last = {name: value for name, value in found.items() if not math.isnan(value)}
        pl_module.log_dict(self._last, sync_dist=True)  # equal already; else Lightning warns of each

    def on_fit_end(self, trainer: Trainer, pl_module: AnomalibModule) -> None:
        """Say what the last validation has found."""
        del pl_module
        if self._last and trainer.is_global_zero:
            logger.info(
                "On synthetic anomalies: %s", ", ".join(f"{name} {value:.3f}" for name, value in self._last.items())
            )
