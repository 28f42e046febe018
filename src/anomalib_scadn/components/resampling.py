# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Antialiased bilinear resampling as a matrix, of arrays and, where a model computes it, of tensors."""

from typing import Any

import numpy as np
import numpy.typing as npt


def triangle_weights(old: Any, new: Any, scale: Any) -> Any:  # noqa: ANN401  # arrays or tensors
    """Weights of antialiased bilinear resampling along one axis.

    A new pixel averages the old ones under a triangle as wide as the new pixel (at least as an old one), centred on
    it and normalized; what torch's ``interpolate(mode="bilinear", antialias=True)`` does.

    Args:
        old (npt.NDArray | torch.Tensor): Numbers of the old pixels, shape (L,), float32.
        new (npt.NDArray | torch.Tensor): Numbers of the new pixels, shape (l,), float32.
        scale (npt.NDArray | torch.Tensor): L / l, float32.

    Returns:
        npt.NDArray | torch.Tensor: Shape (l, L), float32, rows sum to 1.
    """
    distance = (old + 0.5)[None, :] - ((new + 0.5) * scale)[:, None]
    weights = (1 - abs(distance) / scale.clip(min=1.0)).clip(min=0.0)
    return weights / weights.sum(axis=1, keepdims=True)


def resize_array(images: npt.NDArray[np.float32], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Resize with antialiasing, as :func:`~anomalib_scadn.components.pre_processor.resize` does inside a graph.

    Args:
        images (npt.NDArray[np.float32]): Shape (N, C, H, W).
        size (tuple[int, int]): New height and width.

    Returns:
        npt.NDArray[np.float32]: Shape (N, C, *size).

    Example:
        >>> resize_array(np.ones((1, 3, 40, 30), dtype=np.float32), (32, 24)).shape
        (1, 3, 32, 24)
    """
    rows, columns = (_matrix(old, new) for old, new in zip(images.shape[-2:], size, strict=True))
    return rows @ images @ columns.T


def _matrix(length: int, new_length: int) -> npt.NDArray[np.float32]:
    old, new = np.arange(length, dtype=np.float32), np.arange(new_length, dtype=np.float32)
    return triangle_weights(old, new, np.float32(length) / np.float32(new_length))
