# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Image files and their values, read and refused in the same way for training and for inference.

Files are read as anomalib reads them (PIL, converted to RGB, alpha dropped, no rotation by EXIF), with one difference:
anomalib cuts 16-bit grey values off at 255 of 65535 and drops the lower half of 16-bit colours; here all bits count.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from .image_bytes import ImageBytes
from .image_files import warn_once

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]

FULL_SCALE = {"uint8": 255.0, "uint16": 65535.0}
"""Value of white by type."""

_GREY_16 = ("I;16", "I;16L", "I;16B", "I;16N")
_SENSOR_BITS = (8, 10, 12, 14)

_Read = TypeVar("_Read")


def check_bit_depth(bit_depth: int | None) -> None:
    """Raise unless values may have that many bits.

    Args:
        bit_depth (int | None): Bits of the values in 16-bit files, ``None`` for all 16.

    Raises:
        ValueError: If it is no whole number from 8 to 16.
    """
    if bit_depth is not None and (type(bit_depth) is not int or not 8 <= bit_depth <= 16):
        msg = f"bit_depth must be a whole number from 8 to 16, or None for 16, got {bit_depth!r}"
        raise ValueError(msg)


def read_still(path: Path | str | ImageBytes, decode: Callable[[Image.Image], _Read]) -> _Read:
    """Open a file that holds one picture, and take something from it.

    Args:
        path (Path | str | ImageBytes): Image file.
        decode (Callable[[Image.Image], _Read]): Takes it from the opened file, say its size or its values.

    Returns:
        _Read: What was taken.

    Raises:
        ValueError: If the file is no readable image, holds several pages or frames, or is larger than Pillow's limit.
    """
    try:
        with Image.open(path.open() if isinstance(path, ImageBytes) else path) as file:
            # A camera's JPEG may carry a preview of its one picture, which Pillow counts as another.
            pages = 1 if file.format == "MPO" else getattr(file, "n_frames", 1)
            if pages == 1:
                return decode(file)
    except Image.DecompressionBombError as error:
        msg = (
            f"cannot read {path}: {error} Cut it into smaller images, or raise the limit: --max_pixels of crop, "
            "score and score-many, PIL.Image.MAX_IMAGE_PIXELS in Python"
        )
        raise ValueError(msg) from error
    except Exception as error:  # what decoders raise on damaged files is not limited to Pillow's own errors
        raise unreadable(path, error) from error
    msg = f"cannot read {path}: expected one image, found {pages} pages; save each as a file of its own"
    raise ValueError(msg)


def read_file(path: Path | str | ImageBytes, bit_depth: int | None = None) -> Pixels:
    """Read a file's pixels without converting their numbers, so that a large image takes little memory.

    Args:
        path (Path | str | ImageBytes): Image file.
        bit_depth (int | None): Bits of the values in files of 16 bits. Defaults to ``None``, all.

    Returns:
        Pixels: Shape (H, W, 3), RGB, uint8, uint16 or, from files of floating-point values, float32 in [0, 1].

    Raises:
        ValueError: If the file cannot be used; see :func:`read_still` and :func:`as_pixels`.
    """

    def decode(file: Image.Image) -> npt.NDArray[Any]:
        grey = file.mode.startswith(("I", "F"))
        return pil_values(file) if grey or _layout_of_16_bits(file) is None else _read_deep_colours(path)

    return as_pixels(read_still(path, decode), str(path), bit_depth)


def pil_values(image: Image.Image) -> npt.NDArray[Any]:
    """Take the values of a PIL image.

    Args:
        image (Image.Image): Image of any mode.

    Returns:
        npt.NDArray[Any]: Shape (H, W) for grey of more than 8 bits, as uint16 or float32; else (H, W, 3), uint8.

    Raises:
        ValueError: If grey values lie outside 16 bits.
    """
    if image.mode in _GREY_16:
        return np.asarray(image).astype(np.uint16)
    if image.mode == "I":
        values = np.asarray(image)
        if values.size and (values.min() < 0 or values.max() > FULL_SCALE["uint16"]):
            msg = f"grey values must lie in [0, 65535], got {values.min()} to {values.max()}"
            raise ValueError(msg)
        return values.astype(np.uint16)
    return np.asarray(image if image.mode == "F" else image.convert("RGB"))


def as_pixels(values: npt.NDArray[Any], name: str, bit_depth: int | None = None) -> Pixels:
    """Check values, give grey ones three equal channels, and bring those of fewer than 16 bits to full scale.

    Args:
        values (npt.NDArray[Any]): Shape (H, W), (H, W, 1) or (H, W, 3), uint8, uint16 or floating point in [0, 1].
        name (str): What they are of, for messages.
        bit_depth (int | None): Bits of uint16 values. Defaults to ``None``, all 16.

    Returns:
        Pixels: Shape (H, W, 3), uint8, uint16 or float32.

    Raises:
        ValueError: If shape, type or a value is impossible.
    """
    grey = values[..., None] if values.ndim == 2 else values
    if grey.ndim != 3 or grey.shape[-1] not in (1, 3):
        msg = f"{name} must have shape (H, W), (H, W, 1) or (H, W, 3) before it is used, got {values.shape}"
        raise ValueError(msg)
    if 0 in grey.shape:
        msg = f"{name} must have at least 1 x 1 pixel, got {grey.shape[0]} x {grey.shape[1]}"
        raise ValueError(msg)
    if np.issubdtype(grey.dtype, np.floating):
        _check_floats(grey, name)
        grey = grey.astype(np.float32, copy=False)
    elif grey.dtype.name not in FULL_SCALE:
        msg = f"{name} must hold uint8, uint16 or floating-point values, got {grey.dtype}"
        raise ValueError(msg)
    if grey.dtype == np.uint16:
        grey = _spread(grey, name, bit_depth)
    return np.repeat(grey, 3, axis=-1) if grey.shape[-1] == 1 else grey


def depth_over_8_bits(file: Image.Image) -> str | None:
    """Name the depth of an image that was opened and not yet read.

    Args:
        file (Image.Image): The opened image.

    Returns:
        str | None: Mode or layout if it has more than 8 bits a channel, else ``None``.
    """
    return f"mode {file.mode}" if file.mode.startswith(("I", "F")) else _layout_of_16_bits(file)


def unreadable(path: Path | str | ImageBytes, error: Exception) -> ValueError:
    """Make the error for a file that is no image.

    Args:
        path (Path | str | ImageBytes): The file.
        error (Exception): What the decoder said.

    Returns:
        ValueError: Names the file.
    """
    return ValueError(f"cannot read {path}: expected an image file, found: {error}")


def _layout_of_16_bits(file: Image.Image) -> str | None:
    """Name the layout of channels of 16 bits; of colours Pillow would drop the lower half without a word."""
    for *_, how in getattr(file, "tile", ()):
        layout = how[0] if isinstance(how, tuple) and how else how
        if re.search(r";16[BLN]$", str(layout)):
            return f"layout {layout}"
    return None


def _read_deep_colours(path: Path | str | ImageBytes) -> npt.NDArray[Any]:
    content = path.read() if isinstance(path, ImageBytes) else Path(path).read_bytes()
    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3 or values.shape[-1] < 3:
        msg = "colours of 16 bits that OpenCV does not read; convert it to 8 bits first"
        raise ValueError(msg)
    return values[..., 2::-1]  # from blue, green, red and perhaps alpha


def _spread(values: npt.NDArray[Any], name: str, bit_depth: int | None) -> npt.NDArray[np.uint16]:
    highest = int(values.max())
    if bit_depth is None:
        bits = next((bits for bits in _SENSOR_BITS if highest < 2**bits), None)
        if highest and bits:
            warn_once(
                "bit depth",
                f"{name} has 16-bit values up to {highest} only, and is taken for a dark image; if its values have "
                f"{bits} bits, say so: bit_depth={bits} (score --bit_depth {bits}, LaceAD --data.bit_depth {bits})",
            )
        return values
    white = 2**bit_depth - 1
    if highest > white:
        msg = f"{name} must hold values of {bit_depth} bits, 0 to {white}, found {highest}; see bit_depth"
        raise ValueError(msg)
    return ((values.astype(np.uint32) * 65535 + white // 2) // white).astype(np.uint16)


def _check_floats(values: npt.NDArray[Any], name: str) -> None:
    if not np.isfinite(values).all():
        msg = f"{name} must hold finite values, got {np.count_nonzero(~np.isfinite(values))} that are NaN or infinite"
        raise ValueError(msg)
    lowest, highest = float(values.min()), float(values.max())
    if lowest < 0 or highest > 1:
        msg = f"{name} must hold floating-point values in [0, 1], got {lowest:g} to {highest:g}; scale them first"
        raise ValueError(msg)
