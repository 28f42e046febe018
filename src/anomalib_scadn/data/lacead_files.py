# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Files of a LaceAD folder: patterns, images, and the mask of each image.

The layout is MVTec's::

    root/<pattern>/train/good/*
    root/<pattern>/test/good/*
    root/<pattern>/test/<defect>/*
    root/<pattern>/ground_truth/<defect>/*      (optional: NAME.* or NAME_mask.* for the image NAME.*)

Folders are found by their names in any case. Hidden files and folders are ignored; other files that are no images, and
folders below <defect>, are left out with a warning.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from .image_files import IMAGE_EXTENSIONS, check_cases, find_folder, list_folders, list_images, warn_of_left_out

TRAIN, TEST, TRUTH, GOOD = "train", "test", "ground_truth", "good"
"""Folder names, the last one that of the normal images."""

_MASK_SUFFIX = "_mask"


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
        ValueError: If there are images elsewhere in ``train``: SCADN trains on normal images only; or if two folders
            differ in the case of ``train`` or ``good`` only.
    """
    good = find_folder(find_folder(pattern, TRAIN), GOOD)
    if not good.is_dir():
        msg = f"no training images for pattern {pattern.name!r}: expected the folder {good}, found none"
        raise FileNotFoundError(msg)
    images = list_images(good)
    if not images:
        msg = f"no training images in {good}: expected at least one of {', '.join(IMAGE_EXTENSIONS)}, found none"
        raise FileNotFoundError(msg)
    others = [folder for folder in list_folders(good.parent) if folder != good]
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
        ValueError: If there are images directly in ``test``, so that their class is unknown, or if two folders differ
            in case only.
    """
    test = find_folder(pattern, TEST)
    stray = list_images(test)
    if stray:
        msg = f"test images must lie in {test / '<class>'}, found {stray[0]} ({len(stray)} in {test})"
        raise ValueError(msg)
    folders = list_folders(test)
    check_cases(folders)
    images = {_class_of(folder): found for folder in folders if (found := list_images(folder))}
    if not images:
        msg = f"no test images for pattern {pattern.name!r}: expected {test / GOOD} or {test / '<defect>'}, found none"
        raise FileNotFoundError(msg)
    return images


def match_masks(pattern: Path, test_images: dict[str, list[Path]], truth: Path | None = None) -> dict[Path, Path]:
    """Find the mask of each anomalous test image.

    Masks of ``good`` are ignored: a normal image has no anomalous pixel.

    Args:
        pattern (Path): Folder of one pattern.
        test_images (dict[str, list[Path]]): Class to images, from :func:`find_test_images`.
        truth (Path | None): Folder of masks, one sub-folder per defect. Defaults to ``None``: the pattern's
            ``ground_truth``.

    Returns:
        dict[Path, Path]: Image to mask, for all anomalous images or, when there is no mask at all, for none.

    Raises:
        ValueError: If a mask has no image or more than one, if an image has two masks, or if some anomalous images
            have masks and others have none.
    """
    folder = truth or find_folder(pattern, TRUTH)
    anomalous = [path for name, images in test_images.items() if name != GOOD for path in images]
    found = [path for part in [folder, *list_folders(folder)] if _class_of(part) != GOOD for path in list_images(part)]
    masks = match_by_name(found, folder, anomalous, find_folder(pattern, TEST))
    bare = [path for path in anomalous if path not in masks]
    if masks and bare:
        expected = folder / bare[0].parent.name / f"{bare[0].stem}{_MASK_SUFFIX}.png"
        msg = (
            f"anomalous image without a mask: {bare[0]}, expected e.g. {expected}, found none "
            f"({len(masks)} anomalous images have a mask, {len(bare)} have none; all or none must have one)"
        )
        raise ValueError(msg)
    return masks


def warn_of_unused(
    pattern: Path, train_images: Iterable[Path], test_images: dict[str, list[Path]], masks: dict[Path, Path]
) -> None:
    """Warn once of files and links in a pattern's folders that are not used.

    Args:
        pattern (Path): Folder of one pattern.
        train_images (Iterable[Path]): From :func:`find_train_images`.
        test_images (dict[str, list[Path]]): From :func:`find_test_images`.
        masks (dict[Path, Path]): From :func:`match_masks`.
    """
    used = [*train_images, *masks.values(), *(image for images in test_images.values() for image in images)]
    warn_of_left_out([find_folder(pattern, name) for name in (TRAIN, TEST, TRUTH)], used)


def _class_of(folder: Path) -> str:
    return GOOD if folder.name.casefold() == GOOD else folder.name


def match_by_name(masks: Iterable[Path], masks_dir: Path, images: Iterable[Path], images_dir: Path) -> dict[Path, Path]:
    """Find the image of each mask: of ``a/NAME.*`` or ``a/NAME_mask.*`` it is ``a/NAME.*``.

    Args:
        masks (Iterable[Path]): Masks in ``masks_dir`` or below.
        masks_dir (Path): Folder that the masks' names start from.
        images (Iterable[Path]): Images in ``images_dir`` or below.
        images_dir (Path): Folder that the images' names start from.

    Returns:
        dict[Path, Path]: Image to mask.

    Raises:
        ValueError: If a mask has no image or more than one, or an image has two masks.
    """
    owners: dict[Path, list[Path]] = defaultdict(list)
    for image in images:
        owners[image.relative_to(images_dir).with_suffix("")].append(image)
    matched: dict[Path, Path] = {}
    for mask in masks:
        name = mask.relative_to(masks_dir).with_suffix("")
        names = dict.fromkeys((name, name.with_name(name.name.removesuffix(_MASK_SUFFIX) or name.name)))
        found = [image for candidate in names for image in owners.get(candidate, [])]
        if len(found) != 1:
            wanted = " or ".join(f"{images_dir / candidate}.*" for candidate in names)
            listed = ", ".join(map(str, found)) or "none"
            msg = f"mask {mask} must belong to one image, expected {wanted}, found {listed}"
            raise ValueError(msg)
        if found[0] in matched:
            msg = f"image {found[0]} must have one mask, found {matched[found[0]]} and {mask}"
            raise ValueError(msg)
        matched[found[0]] = mask
    return matched
