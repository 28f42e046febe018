# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Masks read from files, and compared with their images in size."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from .image_reading import read_still

Size = tuple[int, int]


def read_mask(path: Path | str) -> npt.NDArray[np.bool_]:
    """Read a mask: any pixel that is not black in any channel is anomalous.

    Args:
        path (Path | str): Image file of any depth.

    Returns:
        npt.NDArray[np.bool_]: Shape (H, W), True = anomalous.

    Raises:
        ValueError: If the file is no readable image, or its transparency marks other pixels than its colours.
    """
    anomalous, visible = read_still(path, _read_marks)
    if not visible.all() and (anomalous != visible).any():
        msg = (
            f"mask {path} must mark pixels by colours on black, found transparency that says otherwise "
            f"({anomalous.sum()} pixels are not black, {visible.sum()} not transparent); save it without transparency"
        )
        raise ValueError(msg)
    return anomalous


def _read_marks(file: Image.Image) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Find the pixels that are not black, and those that are not transparent, each of shape (H, W)."""
    # Numbers of these are brightness; a palette index is not.
    if file.mode in {"1", "L", "RGB", "F"} or file.mode.startswith("I"):
        colours = np.asarray(file) != 0
    else:
        colours = np.asarray(file.convert("RGB")) != 0
    anomalous = colours.any(axis=-1) if colours.ndim == 3 else colours
    clear = file.has_transparency_data and not file.mode.startswith("I")
    visible = np.asarray(file.convert("RGBA"))[..., 3] != 0 if clear else np.ones_like(anomalous)
    return anomalous, visible


def check_mask_size(image_path: Path | str, image_size: Size, mask_path: Path | str, mask_size: Size) -> None:
    """Raise unless a mask is as large as its image.

    Args:
        image_path (Path | str): Image file.
        image_size (Size): Its height and width in pixels.
        mask_path (Path | str): Mask file.
        mask_size (Size): Its height and width in pixels.

    Raises:
        ValueError: If they differ.
    """
    if image_size != mask_size:
        expected, found = (f"{width} x {height}" for height, width in (image_size, mask_size))
        msg = f"mask {mask_path} must be as large as its image {image_path} ({expected}), found {found}"
        raise ValueError(msg)
