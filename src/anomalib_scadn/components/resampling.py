# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Antialiased bilinear resampling as a matrix, of arrays and, where a model computes it, of tensors."""

from typing import Any

import numpy as np
import numpy.typing as npt


def triangle_weights(old: Any, new: Any, length: Any, new_length: int) -> Any:  # noqa: ANN401  # arrays or tensors
    """Weights of antialiased bilinear resampling along one axis.

    A new pixel averages the old ones under a triangle as wide as the new pixel (at least as an old one), centred on
    it and normalized; what torch's ``interpolate(mode="bilinear", antialias=True)`` does. Places are counted in halves
    of 1 / (L * l) of the side. They are whole numbers, so a runtime that computes a graph in bfloat16 keeps them.
    Weights are at most 1 before their sum is taken, which float16 holds.

    Args:
        old (npt.NDArray | torch.Tensor): Numbers of the old pixels, shape (L,), integers.
        new (npt.NDArray | torch.Tensor): Numbers of the new pixels, shape (l,), integers.
        length (npt.NDArray | torch.Tensor): L, an integer.
        new_length (int): l.

    Returns:
        npt.NDArray | torch.Tensor: Shape (l, L), floating point, rows sum to 1.
    """
    distance = ((2 * old + 1) * new_length)[None, :] - ((2 * new + 1) * length)[:, None]
    width = 2 * length.clip(min=new_length)
    weights = (width - abs(distance)).clip(min=0) / width
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
    weights = triangle_weights(np.arange(length), np.arange(new_length), np.int64(length), new_length)
    return weights.astype(np.float32)
