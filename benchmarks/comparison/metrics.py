# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""How good scores and maps are, by the host's metrics and the paper's."""

import math
from types import SimpleNamespace

import torch
from anomalib.metrics import AUPRO, AUROC, F1Max

from anomalib_scadn import PerImagePixelAUROC

IMAGE_FIELDS = ("pred_score", "gt_label")
PIXEL_FIELDS = ("anomaly_map", "gt_mask")


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
    # The host's AUPRO takes a mask without any background for background.
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

    The host's metrics squash values outside [0, 1] through a sigmoid, in which large scores become equal.

    Args:
        values (torch.Tensor): Finite, any shape.

    Returns:
        torch.Tensor: Same shape, float32.
    """
    wide = values.double()
    low, high = wide.aminmax()
    return ((wide - low) / (high - low).clamp(min=torch.finfo(torch.double).tiny)).float()
