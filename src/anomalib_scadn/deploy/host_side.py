# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What happens to images before and after the generator, outside a graph, by the functions that training uses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from anomalib_scadn.exporting import OpenBatch, open_batch
from anomalib_scadn.masks import MASKS_PER_SCALE, composites, remove, striped_masks
from anomalib_scadn.metadata import Metadata
from anomalib_scadn.post_processor import ScadnPostProcessor
from anomalib_scadn.score_file import read_score
from anomalib_scadn.scoring import PaperScore, build_score

Arrays = dict[str, npt.NDArray[Any]]


class StripedMasks:
    """The masks of a model.

    Args:
        metadata (Metadata): Description of the model.
    """

    def __init__(self, metadata: Metadata) -> None:
        self._masks = striped_masks(metadata.image_size, metadata.stripes)
        self._fill = metadata.mask_fill

    def __len__(self) -> int:
        """Number of masks, 4 * S."""
        return len(self._masks)

    @property
    def tensor(self) -> torch.Tensor:
        """M_ij, shape (4 * S, 1, H, W)."""
        return self._masks

    def chunks(self, image: torch.Tensor, length: int) -> Iterator[npt.NDArray[np.float32]]:
        """Remove what the masks remove, some masks at a time.

        Args:
            image (torch.Tensor): I, shape (3, H, W), range [0, 1].
            length (int): Masks at a time.

        Yields:
            npt.NDArray[np.float32]: Masked images, shape (``length`` or fewer, 3, H, W).
        """
        for masks in self._masks.split(length):
            yield remove(image, masks, self._fill).numpy()

    def composite(self, reconstructions: npt.NDArray[np.float32], scale: int) -> npt.NDArray[np.float32]:
        """Join one scale's four reconstructions.

        Args:
            reconstructions (npt.NDArray[np.float32]): Î_ij, shape (4 * S, 3, H, W).
            scale (int): Index of the scale.

        Returns:
            npt.NDArray[np.float32]: Mean of the vertical and the horizontal composite, shape (H, W, 3).
        """
        part = slice(MASKS_PER_SCALE * scale, MASKS_PER_SCALE * (scale + 1))
        painted = torch.from_numpy(reconstructions[None, part])
        return composites(painted, self._masks[part])[0, 0].mean(dim=0).permute(1, 2, 0).numpy()


class Scoring:
    """The score and the host's normalization, as the metadata describe them.

    Args:
        metadata (Metadata): Description of the model.
        metadata_file (Path): Where it was read from; what it has no room for lies beside it.
    """

    def __init__(self, metadata: Metadata, metadata_file: Path) -> None:
        scorer = build_score(**metadata.score, scales=len(metadata.stripes), size=metadata.image_size)
        if isinstance(scorer, PaperScore):
            scorer.mu.copy_(torch.tensor(metadata.mu))
        read_score(scorer, metadata_file)
        self._scorer = scorer.eval()
        self._post_processor = post_processor(metadata)

    def __call__(self, image: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> Arrays:
        """Score one image.

        Args:
            image (torch.Tensor): I, shape (1, 3, H, W), range [0, 1].
            reconstructions (torch.Tensor): Î_ij, shape (1, 4 * S, 3, H, W).
            masks (torch.Tensor): M_ij, shape (4 * S, 1, H, W).

        Returns:
            Arrays: The values of a full graph, inner ones included.
        """
        with torch.no_grad():
            return as_arrays(open_batch(self._scorer, self._post_processor, image, reconstructions, masks))


def as_arrays(batch: OpenBatch) -> Arrays:
    """Take over what there is.

    Args:
        batch (OpenBatch): Values on any device.

    Returns:
        Arrays: Values that are there, by name.
    """
    return {name: value.cpu().numpy() for name, value in batch._asdict().items() if value is not None}


def post_processor(metadata: Metadata) -> ScadnPostProcessor:
    """Make the post-processor that metadata describe.

    Args:
        metadata (Metadata): Description of the model.

    Returns:
        ScadnPostProcessor: With its limits and thresholds.
    """
    result = ScadnPostProcessor(
        enable_normalization=metadata.enable_normalization,
        enable_thresholding=metadata.enable_thresholding,
        enable_threshold_matching=metadata.enable_threshold_matching,
        image_sensitivity=metadata.image_sensitivity,
        pixel_sensitivity=metadata.pixel_sensitivity,
    )
    buffers = dict(result.named_buffers())
    for name, limits in (("image", metadata.image), ("pixel", metadata.pixel)):
        buffers[f"{name}_min"].fill_(limits.minimum)
        buffers[f"{name}_max"].fill_(limits.maximum)
        buffers[f"_{name}_threshold"].fill_(limits.threshold)
    return result


def finish(values: Arrays, metadata: Metadata, masks: StripedMasks | None) -> Arrays:
    """Bring a graph's values into the shapes of :meth:`~anomalib_scadn.deploy.backends.Backend.run`.

    Labels and masks of a model without thresholding are made from the scores as the host would with it.

    Args:
        values (Arrays): Values of a full graph, inner ones included.
        metadata (Metadata): Description of the model.
        masks (StripedMasks | None): Masks, if the reconstruction is wanted.

    Returns:
        Arrays: As :meth:`~anomalib_scadn.deploy.backends.Backend.run` returns them.
    """
    size = metadata.image_size
    scores, maps = values["pred_score"].reshape(-1), values["anomaly_map"].reshape(-1, *size)
    label = values.get("pred_label", scores > 1 - metadata.image_sensitivity)
    mask = values.get("pred_mask", maps > 1 - metadata.pixel_sensitivity)
    result = {
        "pred_score": scores,
        "pred_label": label.reshape(-1).astype(bool),
        "anomaly_map": maps,
        "pred_mask": mask.reshape(-1, *size).astype(bool),
        "raw_score": values["raw_score"].reshape(-1),
        "raw_map": values["raw_map"].reshape(-1, *size),
        "scale_maps": values["scale_maps"],
        "selected_scale": values["selected_scale"].reshape(-1),
    }
    if masks is not None:
        pairs = zip(values["reconstructions"], result["selected_scale"], strict=True)
        result["reconstruction"] = np.stack([masks.composite(painted, int(scale)) for painted, scale in pairs])
    return result
