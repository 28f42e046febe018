# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The paper's map and score (SCADN, "Multi-scale Aggregated Inference"): its Eq. 6 to 10, a pure function each."""

from typing import ClassVar, Literal, get_args

import torch
from typing_extensions import Self

from anomalib_scadn.masks.sizes import MASKS_PER_SCALE

from .base import Score, ScoreOutput

Merge = Literal["max", "mean"]


def error_maps(images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Squared error where pixels were removed: (Î_ij - I) ⊙ (Î_ij - I) ⊙ (1 - M_ij) (SCADN Eq. 6).

    The paper does not say how colours are joined; as in the authors' code, the mean over channels is taken.

    Args:
        images (torch.Tensor): I, shape (N, C, H, W), range [0, 1].
        reconstructions (torch.Tensor): Î_ij, shape (N, 4 * S, C, H, W), range [0, 1].
        masks (torch.Tensor): M_ij, shape (4 * S, 1, H, W), 1 = kept, 0 = removed.

    Returns:
        torch.Tensor: E_ij, shape (N, 4 * S, H, W), range [0, 1].
    """
    squared = (reconstructions - images.unsqueeze(1)).square().mean(dim=2)
    return squared * (1 - masks.squeeze(1))


def merge_errors(errors: torch.Tensor, merge: Merge = "max") -> torch.Tensor:
    """Join the four error maps of each scale: E_i = max(E_i0, E_i1, E_i2, E_i3) (SCADN Eq. 7).

    Args:
        errors (torch.Tensor): E_ij, shape (N, 4 * S, H, W).
        merge (Literal["max", "mean"]): ``"max"`` is Eq. 7, ``"mean"`` its ablation in Table 4: the mean over all
            four maps, the two in which a pixel was kept included. Defaults to ``"max"``.

    Returns:
        torch.Tensor: E_i, shape (N, S, H, W).
    """
    grouped = errors.unflatten(1, (-1, MASKS_PER_SCALE))
    return grouped.amax(dim=2) if merge == "max" else grouped.mean(dim=2)


def scale_means(scale_maps: torch.Tensor) -> torch.Tensor:
    """Mean error of each scale, average(E_i) of SCADN Eq. 9; its mean over the training set is mu_i.

    Args:
        scale_maps (torch.Tensor): E_i, shape (N, S, H, W).

    Returns:
        torch.Tensor: Shape (N, S).
    """
    return scale_maps.mean(dim=(-2, -1))


def select_scale(means: torch.Tensor, mu: torch.Tensor) -> torch.Tensor:
    """Choose the scale farthest above the training set: f = argmax(average(E_i) - mu_i) (SCADN Eq. 9).

    Args:
        means (torch.Tensor): average(E_i), shape (N, S).
        mu (torch.Tensor): mu_i, shape (S,); zeros give the ablation without reference values.

    Returns:
        torch.Tensor: f, shape (N,), int64; the first of equal scales.
    """
    return (means - mu).argmax(dim=1)


class PaperScore(Score):
    """The paper's map and score (SCADN Eq. 6 to 10).

    Args:
        merge (Literal["max", "mean"]): How a scale's four error maps are joined (Eq. 7). Defaults to ``"max"``.
        subtract_reference (bool): Whether mu_i is subtracted when the scale is chosen (Eq. 9). Defaults to ``True``.

    Attributes:
        mu (torch.Tensor): mu_i, buffer of shape (S,), NaN until fitted. An unfitted score chooses the scale with the
            highest mean error, as if mu_i were zero.

    Raises:
        ValueError: If ``merge`` is unknown.
        TypeError: If ``subtract_reference`` is neither true nor false.

    Example:
        >>> import torch
        >>> from anomalib_scadn.masks import striped_masks
        >>> score = PaperScore().prepare(scales=1, size=(32, 32))
        >>> output = score(torch.zeros(1, 3, 32, 32), torch.ones(1, 4, 3, 32, 32), striped_masks((32, 32), (4,)))
        >>> output.pred_score
        tensor([1.])
    """

    needs_stripes: ClassVar[bool] = True
    mu: torch.Tensor

    def __init__(self, merge: Merge = "max", subtract_reference: bool = True) -> None:  # options by name, as in YAML
        super().__init__()
        if merge not in get_args(Merge):
            msg = f"merge must be 'max' (SCADN Eq. 7) or 'mean' (its ablation), got {merge!r}"
            raise ValueError(msg)
        if not isinstance(subtract_reference, bool):
            msg = f"subtract_reference must be true or false, got {subtract_reference!r}"
            raise TypeError(msg)
        self.merge: Merge = merge
        self.subtract_reference = subtract_reference

    def prepare(self, scales: int, size: tuple[int, int]) -> Self:
        """Make room for mu_i. See :meth:`Score.prepare`."""
        del size
        self.register_buffer("mu", torch.full((scales,), float("nan")))
        return self

    def forward(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> ScoreOutput:
        """Score images by SCADN Eq. 6 to 10. See :meth:`Score.forward`."""
        scale_maps = merge_errors(error_maps(images, reconstructions, masks), self.merge)
        means = scale_means(scale_maps)
        mu = torch.nan_to_num(self.mu) if self.subtract_reference else torch.zeros_like(self.mu)
        selected = select_scale(means, mu)
        index = selected[:, None, None, None].expand(-1, 1, *scale_maps.shape[-2:])
        anomaly_map = scale_maps.gather(1, index)  # Eq. 8
        return ScoreOutput(
            pred_score=self.pool(anomaly_map),
            anomaly_map=anomaly_map,
            scale_maps=scale_maps,
            selected_scale=selected,
        )

    def pool(self, anomaly_map: torch.Tensor) -> torch.Tensor:
        """Take the mean: S = average(E_f) (SCADN Eq. 10). See :meth:`Score.pool`."""
        return anomaly_map.flatten(1).mean(dim=1)

    def statistics(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Sum average(E_i) over the images, shape (S,). See :meth:`Score.statistics`."""
        scale_maps = merge_errors(error_maps(images, reconstructions, masks), self.merge)
        return scale_means(scale_maps).cpu().double().sum(dim=0)

    def fit(self, total: torch.Tensor, count: int) -> None:
        """Set mu_i = total / count. See :meth:`Score.fit`."""
        if count < 1:
            msg = f"reference values need at least one normal image, got {count}"
            raise ValueError(msg)
        mu = total / count
        if not torch.isfinite(mu).all():
            msg = f"reference values mu must be finite, got {mu.tolist()} from {count} images"
            raise ValueError(msg)
        self.mu.copy_(mu)

    def reset(self) -> None:
        """Set mu_i back to NaN."""
        self.mu.fill_(float("nan"))

    @property
    def statistics_shape(self) -> tuple[int, ...]:
        """(S,), one mean error per scale."""
        return tuple(self.mu.shape)

    @property
    def is_fitted(self) -> bool:
        """Whether mu_i has been computed from normal images, or is not subtracted."""
        return not self.subtract_reference or bool(torch.isfinite(self.mu).all())
