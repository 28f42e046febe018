# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Images in folders: listed in natural order, and written as PNG."""

import re
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

IMAGE_EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
"""Extensions of images and masks, matched in any case."""


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Make the sort key under which "2" comes before "10".

    Args:
        name (str): Any text.

    Returns:
        list[tuple[int, int, str]]: One comparable entry per run of digits or of other characters.
    """
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in re.split(r"([0-9]+)", name) if part]


def list_folders(folder: Path) -> list[Path]:
    """List the visible folders in a folder.

    Args:
        folder (Path): Folder to look into; it may be missing.

    Returns:
        list[Path]: Naturally sorted, empty if ``folder`` is missing.
    """
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(found, key=lambda path: natural_key(path.name))


def list_images(folder: Path, *, recursive: bool = False) -> list[Path]:
    """List the visible images in a folder.

    Args:
        folder (Path): Folder to look into; it may be missing.
        recursive (bool): Whether to look into visible sub-folders too. Defaults to ``False``.

    Returns:
        list[Path]: Naturally sorted, empty if ``folder`` is missing.
    """
    if not folder.is_dir():
        return []
    found = {
        path: path.relative_to(folder).parts
        for path in (folder.rglob("*") if recursive else folder.iterdir())
        if path.suffix.lower() in IMAGE_EXTENSIONS and path.is_file()
    }
    visible = [path for path, parts in found.items() if not any(part.startswith(".") for part in parts)]
    return sorted(visible, key=lambda path: [natural_key(part) for part in found[path]])


def find_images(folder: Path) -> list[Path]:
    """List the visible images in a folder and its sub-folders.

    Args:
        folder (Path): Folder to look into.

    Returns:
        list[Path]: Naturally sorted, at least one.

    Raises:
        FileNotFoundError: If there is no such folder, or it holds no image.
    """
    if not folder.is_dir():
        msg = f"no such folder or image: {folder}"
        raise FileNotFoundError(msg)
    found = list_images(folder, recursive=True)
    if not found:
        msg = f"{folder} holds no image, expected files ending in {', '.join(IMAGE_EXTENSIONS)}"
        raise FileNotFoundError(msg)
    return found


def encode_png(path: Path, pixels: npt.NDArray[np.uint8]) -> bytes:
    """Encode a picture in memory, because OpenCV cannot open every path (Windows, letters outside ASCII).

    Args:
        path (Path): File that the picture is for, named if that fails.
        pixels (npt.NDArray[np.uint8]): Picture, shape (H, W) or (H, W, 3), RGB.

    Returns:
        bytes: Content of the file.

    Raises:
        OSError: If the picture cannot be encoded.
    """
    done, encoded = cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    if not done:
        msg = f"cannot encode {path} as PNG: expected 8-bit pixels, found shape {pixels.shape}, {pixels.dtype}"
        raise OSError(msg)
    return encoded.tobytes()
