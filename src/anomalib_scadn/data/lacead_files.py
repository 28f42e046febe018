# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Files of a LaceAD folder: which patterns, images and masks are there, and which mask belongs to which image.

The layout is MVTec's::

    root/<pattern>/train/good/*
    root/<pattern>/test/good/*
    root/<pattern>/test/<defect>/*
    root/<pattern>/ground_truth/<defect>/*      (optional: NAME.* or NAME_mask.* for the image NAME.*)

Hidden files and folders, files that are no images and folders below <defect> are ignored.
"""

import re
from collections import defaultdict
from pathlib import Path

IMAGE_EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
"""Extensions of images and masks, matched in any case."""

GOOD = "good"
"""Folder name of the normal images."""

_MASK_SUFFIX = "_mask"


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


def list_images(folder: Path) -> list[Path]:
    """List the visible images in a folder, not those in its sub-folders.

    Args:
        folder (Path): Folder to look into; it may be missing.

    Returns:
        list[Path]: Naturally sorted, empty if ``folder`` is missing.
    """
    if not folder.is_dir():
        return []
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_EXTENSIONS and path.is_file() and not path.name.startswith(".")
    ]
    return sorted(found, key=lambda path: natural_key(path.name))


def find_pattern(root: Path, pattern: str) -> Path:
    """Find the folder of one pattern.

    Args:
        root (Path): Root of the data set.
        pattern (str): Name of a folder in it, e.g. ``"1"``.

    Returns:
        Path: ``root / pattern``.

    Raises:
        FileNotFoundError: If there is no root, or no folder in it.
        ValueError: If the root has no such pattern; the message lists those it has.
    """
    if not root.is_dir():
        msg = (
            f"data set root not found: {root.absolute()}; expected a folder with one sub-folder per pattern "
            f"(root/<pattern>/train/good, ...). The authors publish no download of LaceAD; ask them for it"
        )
        raise FileNotFoundError(msg)
    known = [folder.name for folder in list_folders(root)]
    if not known:
        msg = f"no pattern in {root.absolute()}: expected sub-folders <pattern>/train/good, found no folder"
        raise FileNotFoundError(msg)
    if pattern not in known:
        msg = f"unknown pattern {pattern!r} in {root.absolute()}: expected one of {', '.join(known)}"
        raise ValueError(msg)
    return root / pattern


def find_train_images(pattern: Path) -> list[Path]:
    """List the normal images to train on.

    Args:
        pattern (Path): Folder of one pattern.

    Returns:
        list[Path]: Images of ``train/good``, at least one.

    Raises:
        FileNotFoundError: If ``train/good`` is missing or has no image.
        ValueError: If there are images elsewhere in ``train``: SCADN trains on normal images only.
    """
    good = pattern / "train" / GOOD
    if not good.is_dir():
        msg = f"no training images for pattern {pattern.name!r}: expected the folder {good}, found none"
        raise FileNotFoundError(msg)
    images = list_images(good)
    if not images:
        msg = f"no training images in {good}: expected at least one of {', '.join(IMAGE_EXTENSIONS)}, found none"
        raise FileNotFoundError(msg)
    others = [folder for folder in list_folders(good.parent) if folder.name != GOOD]
    for folder in [good.parent, *others]:
        stray = list_images(folder)
        if stray:
            msg = f"training images must be normal and lie in {good}, found {stray[0]} ({len(stray)} in {folder})"
            raise ValueError(msg)
    return images


def find_test_images(pattern: Path) -> dict[str, list[Path]]:
    """List the test images of each class.

    Args:
        pattern (Path): Folder of one pattern.

    Returns:
        dict[str, list[Path]]: Class (``"good"`` or the name of a defect) to images; classes without any are left out.

    Raises:
        FileNotFoundError: If there is no test image.
        ValueError: If there are images directly in ``test``, so that their class is unknown.
    """
    test = pattern / "test"
    stray = list_images(test)
    if stray:
        msg = f"test images must lie in {test / '<class>'}, found {stray[0]} ({len(stray)} in {test})"
        raise ValueError(msg)
    images = {folder.name: found for folder in list_folders(test) if (found := list_images(folder))}
    if not images:
        msg = f"no test images for pattern {pattern.name!r}: expected {test / GOOD} or {test / '<defect>'}, found none"
        raise FileNotFoundError(msg)
    return images


def match_masks(pattern: Path, test_images: dict[str, list[Path]]) -> dict[Path, Path]:
    """Find the mask of each anomalous test image.

    Masks in ``ground_truth/good`` are ignored: a normal image has no anomalous pixel.

    Args:
        pattern (Path): Folder of one pattern.
        test_images (dict[str, list[Path]]): Class to images, from :func:`find_test_images`.

    Returns:
        dict[Path, Path]: Image to mask, for all anomalous images or, when there is no mask at all, for none.

    Raises:
        ValueError: If a mask has no image or more than one, if an image has two masks, or if some anomalous images
            have masks and others have none.
    """
    truth = pattern / "ground_truth"
    masks: dict[Path, Path] = {}
    for folder in [truth, *list_folders(truth)]:
        if folder.name != GOOD:
            images = [] if folder == truth else test_images.get(folder.name, [])
            masks |= _match_folder(folder, images, pattern / "test" / folder.name)
    if not masks:
        return {}
    bare = [path for name, images in test_images.items() if name != GOOD for path in images if path not in masks]
    if bare:
        expected = truth / bare[0].parent.name / f"{bare[0].stem}{_MASK_SUFFIX}.png"
        msg = (
            f"anomalous image without a mask: {bare[0]}, expected e.g. {expected}, found none "
            f"({len(masks)} anomalous images have a mask, {len(bare)} have none; all or none must have one)"
        )
        raise ValueError(msg)
    return masks


def _match_folder(truth: Path, images: list[Path], image_folder: Path) -> dict[Path, Path]:
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for image in images:
        by_stem[image.stem].append(image)
    masks: dict[Path, Path] = {}
    for mask in list_images(truth):
        stems = {mask.stem, mask.stem.removesuffix(_MASK_SUFFIX)}
        owners = [image for stem in sorted(stems) for image in by_stem.get(stem, [])]
        if not owners:
            msg = f"mask without its image: {mask}, expected an image {' or '.join(sorted(stems))} in {image_folder}"
            raise ValueError(msg)
        if len(owners) > 1:
            msg = f"ambiguous mask: {mask} expected to fit one image, found {', '.join(map(str, owners))}"
            raise ValueError(msg)
        if owners[0] in masks:
            msg = f"image {owners[0]} must have one mask, found {masks[owners[0]]} and {mask}"
            raise ValueError(msg)
        masks[owners[0]] = mask
    return masks
