# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The memory that a latent vector is replaced by (Gong et al. 2019, "Memorizing Normality to Detect Anomaly").

The decoder gets not the encoder's latent vector (the query) but a combination of a few learned vectors (the items).
Normal images have shaped the items, so an image is decoded from parts of normal images.

Left open by the source, and chosen here:
    - Initial items: drawn as torch draws the weights of a linear layer.
    - A query that no item is closer to than all items are on average: it is decoded from nothing, zeros.

Differences from the source:
    - Eq. 7 is written there as max(w - threshold, 0) * w / (|w - threshold| + epsilon), which stands in for a plain
      gate. The values are the gate's, but for the very last digits above the threshold. The slope is the gate's, 1,
      only down to about sqrt(epsilon * threshold) above it: 2e-8 with 2,000 items. In single precision almost every
      query has a weight that is nearer, with a slope of up to 1e5, which drowns all others. So here it is the gate.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from anomalib_scadn.scoring.precision import single_precision

EPSILON = 1e-12
"""Keeps quotients and logarithms finite."""


def address(queries: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
    """Weigh items by how near they are: w = softmax of the cosine similarities (Gong et al. 2019, Eq. 4 and 5).

    Args:
        queries (torch.Tensor): z, shape (..., C).
        items (torch.Tensor): M, shape (S, C).

    Returns:
        torch.Tensor: w, shape (..., S), not negative, sums to 1.
    """
    similarity = F.normalize(queries, dim=-1) @ F.normalize(items, dim=-1).T
    return similarity.softmax(dim=-1)


def shrink(weights: torch.Tensor, threshold: float) -> torch.Tensor:
    """Set small weights to zero and scale the others to sum to 1 (Gong et al. 2019, Eq. 7, hard shrinkage).

    Args:
        weights (torch.Tensor): w, shape (..., S), not negative.
        threshold (float): Weights up to this become 0.

    Returns:
        torch.Tensor: ŵ, same shape; all zero where no weight is above the threshold.
    """
    kept = weights * (weights > threshold)
    return F.normalize(kept, p=1.0, dim=-1, eps=EPSILON)


def addressing_entropy(weights: torch.Tensor) -> torch.Tensor:
    """Entropy of the weights, averaged over queries: low if few items are used (Gong et al. 2019, Eq. 9).

    Args:
        weights (torch.Tensor): ŵ, shape (..., S), not negative.

    Returns:
        torch.Tensor: Scalar.
    """
    return -(weights * (weights + EPSILON).log()).sum(dim=-1).mean()


class Memory(nn.Module):
    """Items, and how latent maps are made of them.

    Args:
        channels (int): C, length of a query and of an item.
        slots (int): S, number of items. Defaults to ``2000``.
        threshold (float | None): Weights up to this become 0. Defaults to ``None``, 1 / slots.

    Raises:
        ValueError: If no weight can be above the threshold, as with a single slot and its default threshold.
    """

    def __init__(self, channels: int, slots: int = 2000, threshold: float | None = None) -> None:
        super().__init__()
        self.threshold = 1 / slots if threshold is None else threshold
        # One item along the query, all others against it: similarities of 1 and -1.
        highest = 1 / (1 + (slots - 1) * math.exp(-2))
        if self.threshold >= highest:
            msg = (
                f"no addressing weight of slots = {slots} is above {highest:.3g}, so a shrink_threshold of "
                f"{self.threshold:.3g} leaves nothing to decode from; give a lower one, or at least 2 slots"
            )
            raise ValueError(msg)
        self.items = nn.Parameter(torch.empty(slots, channels))
        nn.init.kaiming_uniform_(self.items, a=math.sqrt(5))

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Replace each location's vector by items.

        Args:
            features (torch.Tensor): Shape (N, C, h, w); each of the h * w locations is a query.

        Returns:
            tuple[torch.Tensor, torch.Tensor]: ẑ = ŵM, shape (N, C, h, w), in the items' type, and ŵ, shape
                (N, h * w, S), float32.
        """
        queries = features.flatten(2).transpose(1, 2)
        # Low precision cannot tell which weights lie above the threshold.
        with single_precision(features.device.type):
            weights = shrink(address(queries.float(), self.items.float()), self.threshold)
        read = weights.to(self.items) @ self.items
        return read.transpose(1, 2).unflatten(2, features.shape[-2:]), weights
