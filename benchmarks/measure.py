# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a model reaches and what it costs: metrics of scores and maps, time, memory, size and arithmetic."""

import math
import time
from collections.abc import Callable
from statistics import median
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import torch
from anomalib.metrics import AUPRO, AUROC, F1Max
from anomalib.models.components import AnomalibModule
from sklearn.metrics import roc_auc_score
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from anomalib_scadn import PerImagePixelAUROC
from data import Sample, read_test_image
from models import predict, predict_raw

WARM_UP = 3
BATCH_SIZES = (1, 8)
SCORING_BATCH = 8
LEVELS = 2**16
IMAGE_FIELDS = ("pred_score", "gt_label")
PIXEL_FIELDS = ("anomaly_map", "gt_mask")


def spread(values: list[float]) -> dict[str, float]:
    """Reduce repeats to what is published."""
    return {"median": median(values), "lowest": min(values), "highest": max(values)}


def seconds_of(call: Callable[[], object]) -> float:
    """Time a call."""
    synchronize()
    start = time.perf_counter()
    call()
    synchronize()
    return time.perf_counter() - start


def synchronize() -> None:
    """Wait for the GPU, if this process uses one."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def device_memory() -> dict[str, float]:
    """Ask for the peak of the GPU's memory."""
    return {"gpu_peak_mib": torch.cuda.max_memory_allocated() / 2**20} if torch.cuda.is_initialized() else {}


def measure_times(model: AnomalibModule, images: list[torch.Tensor], repeats: int) -> dict[str, dict[str, float]]:
    """Time warm inference from decoded images in memory to scores, maps and labels."""
    found = {}
    for size in BATCH_SIZES:
        batches = [[images[(turn * size + place) % len(images)] for place in range(size)] for turn in range(repeats)]
        for batch in (batches * WARM_UP)[:WARM_UP]:
            predict(model, batch)
        seconds = [seconds_of(lambda batch=batch: predict(model, batch)) for batch in batches]
        found[f"latency_{size}_ms"] = spread([1000 * value for value in seconds])
    last = found[f"latency_{BATCH_SIZES[-1]}_ms"]
    opposite = {"median": "median", "lowest": "highest", "highest": "lowest"}
    found["images_per_second"] = {name: 1000 * BATCH_SIZES[-1] / last[of] for name, of in opposite.items()}
    return found


def measure_size(model: AnomalibModule, image: torch.Tensor) -> dict[str, int]:
    """Count what inference stores and computes.

    Args:
        model (AnomalibModule): Fitted model.
        image (torch.Tensor): An image of shape (3, H, W).

    Returns:
        dict[str, int]: ``parameters`` of the networks that inference uses (SCADN's discriminator is not among them);
            ``stored_values``, what the model keeps beside them (PatchCore's memory, PaDiM's Gaussians);
            ``multiply_adds`` of one image, half of the operations that torch's FlopCounterMode counts in
            convolutions and matrix products.
    """
    only = getattr(model.model, "training_only", ())
    state = {name: value for name, value in model.model.state_dict().items() if name.split(".")[0] not in only}
    parameters = {name for name, _ in model.model.named_parameters()}
    with FlopCounterMode(display=False) as counter:
        predict(model, [image])
    return {
        "parameters": sum(value.numel() for name, value in state.items() if name in parameters),
        "stored_values": sum(value.numel() for name, value in state.items() if name not in parameters),
        "multiply_adds": counter.get_total_flops() // 2,
    }


def score_test_images(
    model: AnomalibModule, samples: list[Sample], side: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Score all test images."""
    scores, maps = [], []
    for start in range(0, len(samples), SCORING_BATCH):
        images = [read_test_image(sample) for sample in samples[start : start + SCORING_BATCH]]
        output = predict_raw(model, images)
        scores.append(output.pred_score.flatten().float().cpu())
        if output.anomaly_map is None:
            continue
        found = output.anomaly_map.float().reshape(len(images), 1, *output.anomaly_map.shape[-2:])
        if found.shape[-2:] != (side, side):
            found = functional.interpolate(found, size=(side, side), mode="bilinear", antialias=True)
        maps.append(found[:, 0].cpu())
    return torch.cat(scores), torch.cat(maps) if maps else None


def measure_quality(
    scores: torch.Tensor, labels: torch.Tensor, maps: torch.Tensor | None, masks: torch.Tensor
) -> dict[str, float | None]:
    """Compute all metrics over a test set.

    Args:
        scores (torch.Tensor): Raw scores, shape (N,).
        labels (torch.Tensor): 0 = normal, 1 = anomalous, shape (N,).
        maps (torch.Tensor | None): Raw maps, shape (N, H, W); ``None`` if the model has none.
        masks (torch.Tensor): Shape (N, H, W), bool, true = anomalous.

    Returns:
        dict[str, float | None]: Metrics by name. ``image_F1Max`` is the best over all thresholds, so it is
            optimistic. ``pixel_AUPRO`` goes to a false positive rate of 0.3 and leaves out images that are anomalous
            in every pixel. ``None`` where a metric is not defined, and for pixels without maps.
    """
    localized = maps is not None
    batch = SimpleNamespace(
        pred_score=to_unit_range(scores),
        gt_label=labels.long(),
        anomaly_map=to_unit_range(maps) if localized else torch.zeros(masks.shape),
        gt_mask=masks.long(),
    )
    # anomalib's AUPRO takes a mask without any background for background.
    mixed = ~masks.flatten(1).all(dim=1)
    partial = SimpleNamespace(anomaly_map=batch.anomaly_map[mixed], gt_mask=batch.gt_mask[mixed])
    image_metrics = [AUROC(IMAGE_FIELDS, prefix="image_"), F1Max(IMAGE_FIELDS, prefix="image_")]
    pixel_metrics = [AUROC(PIXEL_FIELDS, prefix="pixel_"), AUPRO(PIXEL_FIELDS, prefix="pixel_"), PerImagePixelAUROC()]
    defined = {metric.name: 0 < labels.sum() < len(labels) for metric in image_metrics}
    defined |= {metric.name: localized and bool(masks[mixed].any()) for metric in pixel_metrics}
    # That of all pixels in one needs no image that has both.
    defined["pixel_AUROC"] = localized and bool(masks.any()) and not masks.all()
    found: dict[str, float | None] = {}
    for metric in [*image_metrics, *pixel_metrics]:
        found[metric.name] = None
        if defined[metric.name]:
            metric.update(partial if isinstance(metric, AUPRO) else batch)
            value = float(metric.compute())
            metric.reset()  # pixel metrics keep every map
            found[metric.name] = value if math.isfinite(value) else None
    return found


def to_unit_range(values: torch.Tensor) -> torch.Tensor:
    """Bring values to [0, 1] in their order.

    anomalib's metrics squash values outside [0, 1] through a sigmoid, in which large scores become equal.
    """
    wide = values.double()
    low, high = wide.aminmax()
    return ((wide - low) / (high - low).clamp(min=torch.finfo(torch.double).tiny)).float()


def quality(
    scores: torch.Tensor, labels: torch.Tensor, maps: torch.Tensor, masks: torch.Tensor
) -> dict[str, float | None]:
    """Compute the metrics of one score."""
    image = float(roc_auc_score(labels.numpy(), scores.double().numpy()))
    if not masks.any():
        return {"image_AUROC": image, "pixel_AUROC": None, "PerImagePixelAUROC": None}
    low, high = maps.aminmax()
    levels = ((maps - low) / (high - low).clamp(min=1e-30) * (LEVELS - 1)).round().int().flatten(1).numpy()
    truth = masks.flatten(1).numpy()
    mixed = truth.any(axis=1) & ~truth.all(axis=1)
    each = [binned_auroc(values, where) for values, where in zip(levels[mixed], truth[mixed], strict=True)]
    return {
        "image_AUROC": image,
        "pixel_AUROC": binned_auroc(levels.ravel(), truth.ravel()),
        "PerImagePixelAUROC": float(np.mean(each)),
    }


def binned_auroc(levels: npt.NDArray[np.int32], truth: npt.NDArray[np.bool_]) -> float:
    """Compute the area under the ROC curve of whole numbers; equal ones count half."""
    positive = np.bincount(levels[truth], minlength=LEVELS)
    negative = np.bincount(levels[~truth], minlength=LEVELS)
    below = np.cumsum(negative) - negative / 2
    return float((positive * below).sum() / (positive.sum() * negative.sum()))
