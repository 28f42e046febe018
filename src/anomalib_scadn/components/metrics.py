# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Metrics that anomalib lacks: the paper's pixel metric, and a pixel threshold in constant memory."""

from typing import Any

import torch
from anomalib.metrics import AnomalibMetric
from sklearn.metrics import roc_auc_score
from torchmetrics import Metric


class _PerImagePixelAUROC(Metric):
    """Sum of per-image AUROCs and their number."""

    full_state_update = False

    total: torch.Tensor
    count: torch.Tensor

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  # torchmetrics' own arguments
        super().__init__(**kwargs)
        self.add_state("total", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, preds: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch.

        Args:
            preds (torch.Tensor): Anomaly maps, shape (N, H, W) or (N, 1, H, W).
            target (torch.Tensor): Ground-truth masks of as many values, non-zero = anomalous.

        Raises:
            ValueError: If the two differ in their number of images or pixels.
        """
        if preds.shape[0] != target.shape[0] or preds.numel() != target.numel():
            msg = f"anomaly maps and masks must match, got shapes {tuple(preds.shape)} and {tuple(target.shape)}"
            raise ValueError(msg)
        for image_preds, image_target in zip(preds.flatten(1), target.flatten(1) != 0, strict=True):
            if image_target.any() and not image_target.all():
                self.total += roc_auc_score(image_target.cpu().numpy(), image_preds.float().cpu().numpy())
                self.count += 1

    def compute(self) -> torch.Tensor:
        """Average over the images that have both kinds of pixels.

        Returns:
            torch.Tensor: Scalar in [0, 1], NaN if there was no such image.
        """
        return self.total / self.count


class PerImagePixelAUROC(AnomalibMetric, _PerImagePixelAUROC):
    """Mean over anomalous images of each image's own pixel AUROC (SCADN, Table 3).

    anomalib's pixel AUROC pools the pixels of all images. The paper's is computed "over each image" and averaged, so
    that maps need not be comparable between images. Images whose mask is empty or full have no AUROC and are left
    out.

    Args:
        fields (Sequence[str] | None): Fields of the batch. Defaults to ``("anomaly_map", "gt_mask")``.
        prefix (str): Put before the name. Defaults to ``""``.
        strict (bool): Whether a batch without masks is an error. Defaults to ``True``.

    Example:
        >>> import torch
        >>> from anomalib.data import ImageBatch
        >>> mask = torch.tensor([[[0, 0, 1, 1]]], dtype=torch.bool)
        >>> anomaly_map = torch.tensor([[[0.1, 0.3, 0.2, 0.4]]])
        >>> metric = PerImagePixelAUROC()
        >>> metric.update(ImageBatch(image=torch.zeros(1, 3, 1, 4), gt_mask=mask, anomaly_map=anomaly_map))
        >>> metric.compute()
        tensor(0.7500)
    """

    default_fields = ("anomaly_map", "gt_mask")


class _HistogramF1Threshold(Metric):
    """Counts of normal and anomalous values on a grid of 2**16 floats."""

    full_state_update = False

    counts: torch.Tensor

    BINS = 2**16

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  # torchmetrics' own arguments
        super().__init__(**kwargs)
        self.add_state("counts", torch.zeros(2, self.BINS, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, preds: torch.Tensor, target: torch.Tensor) -> None:
        """Count a batch.

        Args:
            preds (torch.Tensor): Scores, any shape, finite.
            target (torch.Tensor): Labels of as many values, non-zero = anomalous.
        """
        bins = _ordered_bins(preds.detach().flatten())
        labels = (target.flatten() != 0).long()
        self.counts += torch.bincount(labels * self.BINS + bins, minlength=2 * self.BINS).view(2, self.BINS)

    def compute(self) -> torch.Tensor:
        """Find the value above which F1 is best.

        Returns:
            torch.Tensor: Scalar, float32, the lower edge of a bin. Without anomalous values it lies above the highest
                normal one, without normal values at or below the lowest anomalous one; NaN without any values.
        """
        # On the CPU, since not every accelerator has double precision, or sums in a fixed order.
        normal, anomalous = self.counts.cpu().double()
        edges = _bin_values(torch.arange(self.BINS))
        occupied = (normal + anomalous).nonzero().flatten()
        if len(occupied) == 0:
            return torch.tensor(float("nan"))
        if anomalous.sum() == 0:
            return edges[min(int(occupied[-1]) + 1, self.BINS - 1)]
        # Counts of values in bin k or above, that is of values >= edges[k].
        true_positives = anomalous.flip(0).cumsum(0).flip(0)
        false_positives = normal.flip(0).cumsum(0).flip(0)
        f1 = 2 * true_positives / (true_positives + false_positives + anomalous.sum())
        f1[normal + anomalous == 0] = -1.0  # an edge that no value touches says nothing new
        return edges[f1.argmax()]


def _ordered_bins(values: torch.Tensor) -> torch.Tensor:
    """Number floats so that the number grows with the value: the upper 16 bits, sign folded (float32 is ordered)."""
    # Adding zero makes one number of the two zeros.
    bits = (values.float() + 0.0).contiguous().view(torch.int32) >> 16
    return torch.where(bits >= 0, bits + 2**15, -bits - 1).long()


def _bin_values(bins: torch.Tensor) -> torch.Tensor:
    """Invert :func:`_ordered_bins`: the lowest value of each bin."""
    positive = (bins - 2**15) << 16
    negative = ((-bins - 1) << 16) | 0xFFFF
    return torch.where(bins >= 2**15, positive, negative).to(torch.int32).view(torch.float32)


class HistogramF1Threshold(AnomalibMetric, _HistogramF1Threshold):
    """Threshold with the best F1, in constant memory.

    anomalib's F1AdaptiveThreshold keeps every value of every validation map. This one counts them on a grid of 2**16
    floats (the bfloat16 numbers), which resolves any value to 1 part in 128 without knowing its range.

    Args:
        fields (Sequence[str] | None): Fields of the batch. Defaults to ``("anomaly_map", "gt_mask")``.
        prefix (str): Put before the name. Defaults to ``""``.
        strict (bool): Whether a batch without the fields is an error. Defaults to ``True``.

    Example:
        >>> import torch
        >>> from anomalib.data import ImageBatch
        >>> mask = torch.tensor([[[0, 0, 1, 1]]], dtype=torch.bool)
        >>> anomaly_map = torch.tensor([[[0.1, 0.2, 0.5, 0.6]]])
        >>> threshold = HistogramF1Threshold()
        >>> threshold.update(ImageBatch(image=torch.zeros(1, 3, 1, 4), gt_mask=mask, anomaly_map=anomaly_map))
        >>> 0.2 < float(threshold.compute()) <= 0.5
        True
    """

    default_fields = ("anomaly_map", "gt_mask")
