# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Images in folders: listed in natural order, and encoded as PNG. What a listing leaves out is said."""

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)

IMAGE_EXTENSIONS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".jp2", ".j2k"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".gif"),
)
"""Extensions of images and masks, matched in any case: the still pictures that every build of Pillow reads."""

_warned: set[str] = set()


def warn_once(subject: str, message: str) -> None:
    """Log a warning, unless this process has logged one on the same subject.

    Args:
        subject (str): What the warning is about.
        message (str): The warning.
    """
    if subject not in _warned:
        _warned.add(subject)
        logger.warning(message)


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


def check_cases(folders: Iterable[Path]) -> None:
    """Raise if two folders are one where the case of letters does not count.

    Args:
        folders (Iterable[Path]): Folders in one folder.

    Raises:
        ValueError: If two names differ in case only.
    """
    seen: dict[str, Path] = {}
    for folder in folders:
        other = seen.setdefault(folder.name.casefold(), folder)
        if other is not folder:
            msg = f"{folder.parent} must hold folders that differ in more than case, found {other.name}, {folder.name}"
            raise ValueError(msg)


def find_folder(parent: Path, name: str) -> Path:
    """Find a folder by its name in any case.

    Args:
        parent (Path): Folder to look into; it may be missing.
        name (str): Name in lower case.

    Returns:
        Path: The folder, or ``parent / name`` if there is none.

    Raises:
        ValueError: If there are two whose names differ in case only.
    """
    found = [folder for folder in list_folders(parent) if folder.name.casefold() == name]
    check_cases(found)
    return found[0] if found else parent / name


def list_images(folder: Path, *, recursive: bool = False, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> list[Path]:
    """List the visible images in a folder.

    Args:
        folder (Path): Folder to look into; it may be missing.
        recursive (bool): Whether to look into visible sub-folders too, also behind links. Defaults to ``False``.
        extensions (Sequence[str]): Extensions in lower case. Defaults to :data:`IMAGE_EXTENSIONS`.

    Returns:
        list[Path]: Naturally sorted, empty if ``folder`` is missing.
    """
    if not folder.is_dir():
        return []
    visible = _walk(folder) if recursive else (path for path in folder.iterdir() if not path.name.startswith("."))
    found = [path for path in visible if path.suffix.lower() in extensions and path.is_file()]
    return sorted(found, key=lambda path: [natural_key(part) for part in path.relative_to(folder).parts])


def find_images(folder: Path, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> list[Path]:
    """List the visible images in a folder and its sub-folders, and warn of what is left out.

    Args:
        folder (Path): Folder to look into.
        extensions (Sequence[str]): Extensions in lower case. Defaults to :data:`IMAGE_EXTENSIONS`.

    Returns:
        list[Path]: Naturally sorted, at least one.

    Raises:
        FileNotFoundError: If there is no such folder, or it holds no image.
    """
    if not folder.is_dir():
        msg = f"no such folder or image: {folder}"
        raise FileNotFoundError(msg)
    found = list_images(folder, recursive=True, extensions=extensions)
    if not found:
        msg = f"{folder} holds no image, expected files ending in {', '.join(extensions)}"
        raise FileNotFoundError(msg)
    warn_of_left_out([folder], found)
    return found


def warn_of_left_out(folders: Iterable[Path], used: Iterable[Path]) -> None:
    """Warn once of the visible files and links below some folders that are not used: how many, and which is the first.

    Args:
        folders (Iterable[Path]): Folders to look into; they may be missing.
        used (Iterable[Path]): Files that are used.
    """
    known = set(used)
    rest = sorted(path for folder in folders if folder.is_dir() for path in _walk(folder) if path not in known)
    if rest:
        more = f" and {len(rest) - 1} more" if len(rest) > 1 else ""
        message = f"left out: {rest[0]}{more}; {_why_left_out(rest[0])}"
        warn_once(message, message)


def _why_left_out(path: Path) -> str:
    if path.is_dir():
        return "the link leads back to a folder above it"
    if not path.exists():
        return "the link leads nowhere"
    if path.suffix.lower() not in IMAGE_EXTENSIONS:
        return f"images and masks end in {', '.join(IMAGE_EXTENSIONS)}"
    return "no image or mask is expected there"


def _walk(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """List visible files in a folder and below, also behind links; a link back to a folder above it is one of them."""
    above |= {folder.resolve()}
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir() and path.resolve() not in above:
            yield from _walk(path, above)
        else:
            yield path


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
