# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Masks read from files, and compared with their images in size."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Size = tuple[int, int]


def read_mask(path: Path | str) -> npt.NDArray[np.bool_]:
    """Read a mask: any pixel that is not black in any channel is anomalous.

    Args:
        path (Path | str): Image file of any depth.

    Returns:
        npt.NDArray[np.bool_]: Shape (H, W), True = anomalous.

    Raises:
        ValueError: If the file is no readable image.
    """
    try:
        with Image.open(path) as file:
            # Numbers of these are brightness; a palette index is not, and an opaque alpha channel is no defect.
            plain = file.mode in {"1", "L", "RGB", "F"} or file.mode.startswith("I")
            anomalous = np.asarray(file if plain else file.convert("RGB")) != 0
    except Exception as error:  # what decoders raise on damaged files is not limited to Pillow's own errors
        raise unreadable(path, error) from error
    return np.asarray(anomalous.any(axis=-1) if anomalous.ndim == 3 else anomalous)


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


def unreadable(path: Path | str, error: Exception) -> ValueError:
    """Make the error for a file that is no image.

    Args:
        path (Path | str): The file.
        error (Exception): What the decoder said.

    Returns:
        ValueError: Names the file.
    """
    return ValueError(f"cannot read {path}: expected an image file, found: {error}")
