# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The seam between the generator and the answer: reconstructions go in, maps and scores come out."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import torch
from torch import nn


class ScoreOutput(NamedTuple):
    """What a score says about N images.

    Attributes:
        pred_score (torch.Tensor): Image scores, shape (N,), higher is more anomalous.
        anomaly_map (torch.Tensor): Final map, shape (N, 1, H, W), higher is more anomalous.
        scale_maps (torch.Tensor): E_i, shape (N, S, H, W), one map per scale.
        selected_scale (torch.Tensor): f, shape (N,), int64, index of the scale that stands out: the
            one that the final map comes from (SCADN Eq. 9), or see the score.
    """

    pred_score: torch.Tensor
    anomaly_map: torch.Tensor
    scale_maps: torch.Tensor
    selected_scale: torch.Tensor


class Score(nn.Module, ABC):
    """A way of turning reconstructions into maps and scores.

    What a score learns from normal images is reached through sums over images, so that it does not depend on how
    images are batched and can be reduced over processes: :meth:`statistics` gives a batch's share, their sum and the
    number of images go to :meth:`fit`. It stays in single precision where the generator runs in half of it.
    """

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Self:  # torch's signature
        def at_least_single(value: torch.Tensor) -> torch.Tensor:
            changed = fn(value)
            half = changed.dtype in (torch.float16, torch.bfloat16)
            return value.to(changed.device) if half else changed

        # Reference values, and what is measured against them, are small differences.
        return super()._apply(at_least_single, recurse)

    @abstractmethod
    def forward(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> ScoreOutput:
        """Score images; each image's result is independent of the others.

        Args:
            images (torch.Tensor): I, shape (N, C, H, W), range [0, 1].
            reconstructions (torch.Tensor): Î_ij, shape (N, 4 * S, C, H, W), range [0, 1].
            masks (torch.Tensor): M_ij, shape (4 * S, 1, H, W), 1 = kept, 0 = removed.

        Returns:
            ScoreOutput: Maps and scores of the N images.
        """

    @abstractmethod
    def statistics(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Sum over normal images what :meth:`fit` needs.

        Args:
            images (torch.Tensor): As in :meth:`forward`.
            reconstructions (torch.Tensor): As in :meth:`forward`.
            masks (torch.Tensor): As in :meth:`forward`.

        Returns:
            torch.Tensor: The batch's share, a sum over images in double precision on the CPU, since not every
                accelerator has it: in single precision a sum depends on how images are batched.
        """

    @abstractmethod
    def fit(self, total: torch.Tensor, count: int) -> None:
        """Take the reference values over from the summed statistics.

        Args:
            total (torch.Tensor): Sum of :meth:`statistics` over all images.
            count (int): Number of images, at least 1.

        Raises:
            ValueError: If ``count`` is below 1 or the statistics are not finite.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget the reference values."""

    @property
    @abstractmethod
    def statistics_shape(self) -> tuple[int, ...]:
        """Shape of what :meth:`statistics` gives."""

    @property
    @abstractmethod
    def is_fitted(self) -> bool:
        """Whether there is all that the score needs from normal images."""

    @property
    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Arguments of :func:`~anomalib_scadn.scoring.build_score` that make this score again, as JSON has them."""
