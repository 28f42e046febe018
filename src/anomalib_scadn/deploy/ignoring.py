# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Regions of no interest: predictions that leave them out."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from anomalib_scadn.data.mask_reading import read_mask

from .backends import Backend, Values, highest_scale

LOWERED = {"raw_map", "anomaly_map", "scale_maps"}
"""Values that get their lowest value where pixels are left out, beside the mask, which gets none."""


def read_ignore_mask(source: str | Path | npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Read a mask of what to leave out.

    Args:
        source (str | Path | npt.NDArray[np.generic]): File, or array of shape (H, W); what is not 0 is left out.

    Returns:
        npt.NDArray[np.bool_]: Shape (H, W), True = left out.

    Raises:
        ValueError: If it is no mask, or leaves nothing to score.
    """
    ignored = read_mask(source) if isinstance(source, str | Path) else np.asarray(source) != 0
    name = source if isinstance(source, str | Path) else "an array"
    if ignored.ndim != 2 or ignored.all():
        msg = f"ignore_mask must have shape (H, W) and a pixel that is 0, got {name} of shape {ignored.shape}"
        raise ValueError(msg)
    return ignored


def fit_mask(values: npt.NDArray[np.generic], height: int, width: int) -> npt.NDArray[np.bool_]:
    """Give a mask the size of an image or a map.

    Args:
        values (npt.NDArray[np.generic]): Mask of shape (h, w), non-zero = marked.
        height (int): Height in pixels.
        width (int): Width in pixels.

    Returns:
        npt.NDArray[np.bool_]: Shape (height, width), taken from the nearest pixel if the size is another.
    """
    found = np.asarray(values, dtype=bool)
    if found.shape == (height, width):
        return found
    nearest = cv2.resize(found.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(nearest, dtype=bool)


def fit_ignored(ignored: npt.NDArray[np.bool_], height: int, width: int) -> npt.NDArray[np.bool_]:
    """Give a mask of what to leave out the size of an image.

    Args:
        ignored (npt.NDArray[np.bool_]): From :func:`read_ignore_mask`, shape (h, w).
        height (int): Height of the image in pixels.
        width (int): Width of the image in pixels.

    Returns:
        npt.NDArray[np.bool_]: Shape (height, width).

    Raises:
        ValueError: If it would have to be stretched, by more than what rounds sides to whole pixels.
    """
    own_height, own_width = ignored.shape
    if abs(own_height * width - own_width * height) > max(own_height, own_width, height, width):
        msg = (
            f"ignore_mask must have the proportions of the image, {width} x {height} pixels, "
            f"got {own_width} x {own_height}"
        )
        raise ValueError(msg)
    return fit_mask(ignored, height, width)


def check_score(backend: Backend) -> None:
    """Raise unless the score of what is left can be computed outside of a graph.

    Args:
        backend (Backend): The model.

    Raises:
        ValueError: If its score is of an unknown class.
    """
    from anomalib_scadn.scoring import as_score

    as_score(backend.metadata.score)


def leave_out(values: Values, ignored: npt.NDArray[np.bool_], backend: Backend) -> Values:
    """Take pixels out of predictions: of maps, masks, scores and labels.

    The paper's score keeps the scale that was chosen on the whole image (SCADN Eq. 9).

    Args:
        values (Values): Predictions of N images, as :meth:`~anomalib_scadn.deploy.backends.Backend.run` gives them.
        ignored (npt.NDArray[np.bool_]): Pixels to leave out, shape (N, H, W), in the size of the images.
        backend (Backend): What made the predictions.

    Returns:
        Values: The same with other values. A tile of which nothing is left is normal, its raw score -inf.
    """
    import torch
    from anomalib.data import InferenceBatch

    from anomalib_scadn.scoring import as_score

    result, (height, width) = dict(values), values["raw_map"].shape[1:]
    ignored = np.stack([fit_mask(mask, height, width) for mask in ignored])
    for name in values.keys() & LOWERED:
        where = ignored[:, None] if name == "scale_maps" else ignored
        lowest = values[name].min(axis=(-2, -1), keepdims=True)
        result[name] = np.where(where, lowest, values[name])
    scorer = as_score(backend.metadata.score)
    if not scorer.selects:  # the scale that stands out may have done so in what is left out
        result["selected_scale"] = highest_scale(result["scale_maps"])
    pairs = zip(values["raw_map"], ignored, strict=True)
    kept = [torch.from_numpy(raw_map[~left_out])[None] for raw_map, left_out in pairs]
    scores = torch.cat([scorer.pool(pixels) if pixels.numel() else torch.tensor([-torch.inf]) for pixels in kept])
    pred_score = backend.post_processor(InferenceBatch(pred_score=scores)).pred_score.numpy()
    found = {"pred_score": pred_score, "pred_label": backend.decide(pred_score)}
    if "pred_mask" in values:
        found["pred_mask"] = values["pred_mask"] & ~ignored
    kept_outputs = {name: value for name, value in found.items() if name in backend.outputs}
    return result | {"raw_score": scores.numpy()} | kept_outputs


def check_something_left(values: Values) -> None:
    """Raise if an image's region of no interest is all of it: a small part of it may vanish at the model's size.

    Args:
        values (Values): Predictions of N images, from :func:`leave_out` or without a mask.

    Raises:
        ValueError: If a raw score is -inf.
    """
    if np.isneginf(values["raw_score"]).any():
        height, width = values["raw_map"].shape[1:]
        msg = f"ignore_mask leaves nothing to score of a map of {width} x {height} pixels"
        raise ValueError(msg)
