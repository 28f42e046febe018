# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The values in a full graph, by name, for those who run one without torch too."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch


class OpenBatch(NamedTuple):
    """anomalib's four outputs and the inner values.

    Attributes:
        pred_score (torch.Tensor | None): Normalized scores, shape (N,).
        pred_label (torch.Tensor | None): Labels, shape (N,).
        anomaly_map (torch.Tensor | None): Normalized maps, shape (N, 1, H, W).
        pred_mask (torch.Tensor | None): Masks, shape (N, 1, H, W).
        raw_score (torch.Tensor): Scores before normalization, shape (N,).
        raw_map (torch.Tensor): Maps before normalization, shape (N, 1, H, W).
        scale_maps (torch.Tensor | None): E_i, shape (N, S, H, W); ``None`` if S is 1: the raw map.
        selected_scale (torch.Tensor | None): f, shape (N,), int64; ``None`` if S is 1.
        reconstructions (torch.Tensor): Î_ij, shape (N, 4 * S, 3, H, W), or (N, 1, 3, H, W) if asked once, range [0, 1].
    """

    pred_score: "torch.Tensor | None"
    pred_label: "torch.Tensor | None"
    anomaly_map: "torch.Tensor | None"
    pred_mask: "torch.Tensor | None"
    raw_score: "torch.Tensor"
    raw_map: "torch.Tensor"
    scale_maps: "torch.Tensor | None"
    selected_scale: "torch.Tensor | None"
    reconstructions: "torch.Tensor"


INNER_VALUES = OpenBatch._fields[4:]
"""Names of the values that are no outputs of anomalib's."""
