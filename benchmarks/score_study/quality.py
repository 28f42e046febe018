# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""AUROC of many scores over millions of pixels, in seconds: sorting would take most of the study's time."""

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import roc_auc_score

LEVELS = 2**16

Counts = npt.NDArray[np.int64]


def quality(
    scores: torch.Tensor, labels: torch.Tensor, maps: torch.Tensor, masks: torch.Tensor
) -> dict[str, float | None]:
    """Compute the metrics of one score.

    Args:
        scores (torch.Tensor): Raw scores, shape (N,).
        labels (torch.Tensor): 0 = normal, 1 = anomalous, shape (N,).
        maps (torch.Tensor): Raw maps, shape (N, H, W).
        masks (torch.Tensor): Shape (N, H, W), bool, true = anomalous.

    Returns:
        dict[str, float | None]: ``image_AUROC``, ``pixel_AUROC`` and ``PerImagePixelAUROC`` (SCADN, "Evaluation
            Metrics"); ``None`` without masks.
    """
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
    """Compute the area under the ROC curve of whole numbers; equal ones count half.

    Args:
        levels (npt.NDArray[np.int32]): Values from 0 to 65535.
        truth (npt.NDArray[np.bool_]): True = anomalous, same shape; both kinds occur.

    Returns:
        float: Range [0, 1].
    """
    positive: Counts = np.bincount(levels[truth], minlength=LEVELS)
    negative: Counts = np.bincount(levels[~truth], minlength=LEVELS)
    below = np.cumsum(negative) - negative / 2
    return float((positive * below).sum() / (positive.sum() * negative.sum()))
