# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The interface of everything that runs a model, and the form of what it returns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from anomalib_scadn.export.metadata import Metadata
from anomalib_scadn.export.values import OpenBatch
from anomalib_scadn.masks.sizes import MASKS_PER_SCALE
from anomalib_scadn.training.thresholds import fitted_outputs

if TYPE_CHECKING:
    import torch

    from anomalib_scadn.components import ScadnPostProcessor

Values = dict[str, npt.NDArray[Any]]


def highest_scale(scale_maps: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Find the scale whose map reaches the highest value, as :func:`~anomalib_scadn.scoring.maps.highest_scale` does.

    Args:
        scale_maps (npt.NDArray[np.floating]): Shape (N, S, H, W).

    Returns:
        npt.NDArray[np.int64]: Shape (N,); the first of equal scales.
    """
    return scale_maps.max(axis=(-2, -1)).argmax(axis=1)


class Backend(ABC):
    """A loaded model. A full graph needs no torch, and none is imported before a value asks for it.

    Args:
        metadata (Metadata): Description of the model.
        precision (str): See the attribute.

    Attributes:
        metadata (Metadata): Description of the model.
        precision (str): What the networks are computed in: ``"f32"``, ``"f16"``, ``"bf16"`` or ``"int8"``.
        outputs (set[str]): Outputs of anomalib's that mean something, see
            :func:`~anomalib_scadn.training.thresholds.fitted_outputs`.
    """

    def __init__(self, metadata: Metadata, precision: str) -> None:
        self.metadata = metadata
        self.precision = precision
        self.outputs = fitted_outputs(metadata.post_processor)

    @cached_property
    def post_processor(self) -> "ScadnPostProcessor":
        """What the model normalizes with."""
        from anomalib_scadn.export.description import to_post_processor

        return to_post_processor(self.metadata)

    @cached_property
    def masks(self) -> "torch.Tensor":
        """M_ij, shape (4 * S, 1, H, W), or (1, 1, H, W) for one pass."""
        from anomalib_scadn.masks import inference_masks

        return inference_masks(self.metadata.image_size, self.metadata.stripes, self.metadata.passes)

    @abstractmethod
    def run(self, batch: npt.NDArray[np.float32], *, reconstruction: bool = False) -> Values:
        """Predict a batch; each image's result is independent of the others.

        Args:
            batch (npt.NDArray[np.float32]): Raw images of one size, shape (N, 3, H, W), range [0, 1].
            reconstruction (bool): Whether to return what was painted. Defaults to ``False``.

        Returns:
            Values: ``raw_score`` (N,) float32; ``selected_scale`` (N,) int64; ``raw_map`` (N, h, w) float32;
                ``scale_maps`` (N, S, h, w) float32; on request ``reconstruction`` (N, h, w, 3) float32; of
                :attr:`outputs` ``pred_score`` (N,), ``anomaly_map`` (N, h, w) float32; ``pred_label`` (N,),
                ``pred_mask`` (N, h, w) bool; h x w is the model's size.

        Raises:
            ValueError: If the model cannot take images of this size.
        """

    def decide(self, pred_scores: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Label images as anomalib does.

        Args:
            pred_scores (npt.NDArray[np.float32]): Normalized scores, shape (N,).

        Returns:
            npt.NDArray[np.bool_]: True = anomalous, shape (N,).
        """
        return pred_scores > 1 - self.metadata.image_sensitivity

    def finish(self, values: OpenBatch | Mapping[str, npt.NDArray[Any]], *, reconstruction: bool) -> Values:
        """Bring the values of a full graph into the form of :meth:`run`.

        Labels and masks of a model without thresholding are made from the scores as anomalib would with it.

        Args:
            values (OpenBatch | Mapping[str, npt.NDArray[Any]]): Values of a full graph, inner ones included.
            reconstruction (bool): Whether to return what was painted.

        Returns:
            Values: As :meth:`run` returns them.
        """
        if isinstance(values, OpenBatch):
            values = {name: value.cpu().numpy() for name, value in values._asdict().items() if value is not None}
        size = self.metadata.image_size
        if "scale_maps" not in values:  # a single scale's map is the final one
            raw_map = values["raw_map"].reshape(-1, 1, *size)
            values = {**values, "scale_maps": raw_map, "selected_scale": np.zeros(len(raw_map), dtype=np.int64)}
        scores, maps = values["pred_score"].reshape(-1), values["anomaly_map"].reshape(-1, *size)
        label = values.get("pred_label", self.decide(scores))
        mask = values.get("pred_mask", maps > 1 - self.metadata.pixel_sensitivity)
        normalized = {
            "pred_score": scores,
            "pred_label": label.reshape(-1).astype(bool),
            "anomaly_map": maps,
            "pred_mask": mask.reshape(-1, *size).astype(bool),
        }
        result = {name: value for name, value in normalized.items() if name in self.outputs} | {
            "raw_score": values["raw_score"].reshape(-1),
            "raw_map": values["raw_map"].reshape(-1, *size),
            "scale_maps": values["scale_maps"],
            "selected_scale": values["selected_scale"].reshape(-1),
        }
        if reconstruction:
            pairs = zip(values["reconstructions"], result["selected_scale"], strict=True)
            result["reconstruction"] = np.stack([self._composite(painted, int(scale)) for painted, scale in pairs])
        return result

    def _composite(self, reconstructions: npt.NDArray[np.float32], scale: int) -> npt.NDArray[np.float32]:
        """Average one scale's composites of Î_ij, (4 * S, 3, H, W) or (1, 3, H, W), to (H, W, 3)."""
        import torch

        from anomalib_scadn.masks import composites

        part = slice(MASKS_PER_SCALE * scale, MASKS_PER_SCALE * (scale + 1))
        painted = torch.from_numpy(reconstructions[None, part])
        return composites(painted, self.masks[part])[0, 0].mean(dim=0).permute(1, 2, 0).numpy()
