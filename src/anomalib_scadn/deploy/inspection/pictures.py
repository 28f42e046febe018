# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Heat maps and overlays of predictions as 8-bit pictures, and maps as 16-bit images.

Colours mean the same in every picture: the normalized map's range 0 to 1 is laid over the colour map, whatever the
map's own minimum and maximum are. In an overlay a pixel shows as much of its colour as its anomaly is strong, so that
normal regions keep the look of the image, and the mask's contour is drawn on top.
"""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from anomalib_scadn.data.image_files import encode_png
from anomalib_scadn.deploy.images import to_unit_range
from anomalib_scadn.files import PART, write_whole

Pixels = npt.NDArray[np.uint8]

COLOUR_MAP = cv2.COLORMAP_INFERNO
CONTOUR_COLOUR = (0, 255, 0)
"""Red, green, blue; a colour that the colour map does not have."""

OPACITY = 0.75
"""Share of the colour in an overlay where the map is 1."""

_BAND = 256
"""Rows that are blended at once, so that a large image needs no float copy of itself."""


def fit_map(values: npt.NDArray[np.generic], height: int, width: int) -> npt.NDArray[np.float32]:
    """Give a map the size of its image.

    Args:
        values (npt.NDArray[np.generic]): Map of shape (h, w), any range.
        height (int): Height of the image in pixels.
        width (int): Width of the image in pixels.

    Returns:
        npt.NDArray[np.float32]: Shape (height, width), resized bilinearly if the size is another.
    """
    found = np.asarray(values, dtype=np.float32)
    if found.shape == (height, width):
        return found
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def to_8_bit(pixels: npt.NDArray[np.generic]) -> Pixels:
    """Show an image of any depth.

    Args:
        pixels (npt.NDArray[np.generic]): From :func:`~anomalib_scadn.deploy.images.read_pixels`, shape (H, W, 3);
            uint8, uint16 or floating point in [0, 1].

    Returns:
        Pixels: Same shape, range [0, 255]; the image itself if it has 8 bits already.
    """
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, dtype=np.uint8)
    shown = np.empty(pixels.shape, dtype=np.uint8)
    for top in range(0, len(shown), _BAND):
        band = slice(top, top + _BAND)
        shown[band] = np.rint(to_unit_range(pixels[band]) * 255)
    return shown


def draw_heatmap(anomaly_map: npt.NDArray[np.floating]) -> Pixels:
    """Colour a map.

    Args:
        anomaly_map (npt.NDArray[np.floating]): Normalized map, shape (H, W), range [0, 1]; values outside are
            clipped, and what is not a number counts as 0.

    Returns:
        Pixels: Picture, shape (H, W, 3), RGB.
    """
    return np.asarray(cv2.applyColorMap(_levels(anomaly_map), COLOUR_MAP)[..., ::-1])


def draw_overlay(
    image: Pixels, anomaly_map: npt.NDArray[np.floating], pred_mask: npt.NDArray[np.bool_] | None = None
) -> Pixels:
    """Lay a map and a mask's contour over the image.

    Args:
        image (Pixels): Image, shape (H, W, 3), RGB.
        anomaly_map (npt.NDArray[np.floating]): Normalized map, shape (H, W), range [0, 1].
        pred_mask (npt.NDArray[np.bool_] | None): Mask of anomalous pixels, shape (H, W). Defaults to ``None``.

    Returns:
        Pixels: Picture, shape (H, W, 3), RGB.
    """
    levels = _levels(anomaly_map)
    overlay = np.empty_like(image)
    for top in range(0, len(image), _BAND):
        band = slice(top, top + _BAND)
        colours = np.asarray(cv2.applyColorMap(levels[band], COLOUR_MAP)[..., ::-1])
        share = levels[band, :, None].astype(np.float32) * np.float32(OPACITY / 255)
        overlay[band] = np.rint(image[band] * (1 - share) + colours * share)
    if pred_mask is not None:
        outlines, _ = cv2.findContours(pred_mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        thickness = max(1, round(min(image.shape[:2]) / 256))
        cv2.drawContours(overlay, outlines, -1, CONTOUR_COLOUR, thickness)
    return overlay


def _levels(anomaly_map: npt.NDArray[np.floating]) -> Pixels:
    levels = np.empty(anomaly_map.shape, dtype=np.uint8)
    for top in range(0, len(levels), _BAND):
        band = slice(top, top + _BAND)
        levels[band] = np.rint(np.clip(np.nan_to_num(anomaly_map[band], nan=0.0), 0, 1) * 255)
    return levels


def write_png(path: Path, pixels: Pixels, part: str = PART) -> None:
    """Write a picture that appears under its name only when it is whole and on disk.

    Args:
        path (Path): File to write; its folders are made when missing.
        pixels (Pixels): Picture, shape (H, W, 3), RGB.
        part (str): See :func:`~anomalib_scadn.files.write_whole`.

    Raises:
        OSError: If the file cannot be written.
    """
    content = encode_png(path, pixels)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content, part)


def write_map(path: Path, anomaly_map: npt.NDArray[np.floating], part: str = PART) -> None:
    """Write a map as a 16-bit TIFF that appears under its name only when it is whole and on disk.

    Args:
        path (Path): File to write; its folders are made when missing.
        anomaly_map (npt.NDArray[np.floating]): Normalized map, shape (H, W), range [0, 1], which becomes 0 to 65535.
        part (str): See :func:`~anomalib_scadn.files.write_whole`.

    Raises:
        OSError: If the file cannot be written.
    """
    levels = np.rint(np.clip(np.nan_to_num(anomaly_map, nan=0.0), 0, 1) * 65535).astype(np.uint16)
    content = BytesIO()
    Image.fromarray(levels).save(content, format="tiff", compression="tiff_deflate")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.getvalue(), part)
