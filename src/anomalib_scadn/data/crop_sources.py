# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Camera images to cut into patches, with their masks, splits and labels."""

from dataclasses import dataclass
from pathlib import Path

from .image_files import find_folder, find_images
from .lacead_files import (
    GOOD,
    TEST,
    TRAIN,
    find_test_images,
    find_train_images,
    match_by_name,
    match_masks,
    warn_of_unused,
)


@dataclass(frozen=True)
class Source:
    """One camera image.

    Args:
        image (Path): Image file.
        mask (Path | None): Its mask, if it has one.
        split (str): ``"train"`` or ``"test"``, of the patches if nothing in the mask says otherwise.
        label (str): ``"good"`` or a defect, of the patches if nothing in the mask says otherwise.
        defect (str): Label of patches in which the mask marks something.
        name (str): Start of the names of its patches.
    """

    image: Path
    mask: Path | None
    split: str
    label: str
    defect: str
    name: str


def has_layout(folder: Path) -> bool:
    """Tell whether camera images are sorted as in LaceAD.

    Args:
        folder (Path): Folder of camera images.

    Returns:
        bool: Whether it has ``train/good``, in any case; another folder is plain.
    """
    return find_folder(find_folder(folder, TRAIN), GOOD).is_dir()


def find_sources(folder: Path, masks_dir: Path | None, defect: str) -> list[Source]:
    """List the camera images of a folder.

    A folder that has ``train/good`` is in LaceAD's layout: images keep their split and label, masks come from
    ``ground_truth`` or, in its place, from ``masks_dir``. Any other folder is plain: all images, those in sub-folders
    too, are normal training images unless their mask marks something; masks among them are left out.

    Args:
        folder (Path): Folder to look into.
        masks_dir (Path | None): Folder of masks, in sub-folders like the images': of ``a/NAME.jpg`` the mask is
            ``a/NAME.png`` or ``a/NAME_mask.png``, with any extension of an image.
        defect (str): Name of the defect in a plain folder.

    Returns:
        list[Source]: Naturally sorted, at least one.

    Raises:
        FileNotFoundError: If a folder is missing, or there is no image.
        ValueError: If a mask has no image or two, an image has two masks, or only some anomalous test images of
            LaceAD's layout have a mask. Masks of ``good`` are ignored there, as by the data set.
    """
    for path, content in ((folder, "images"), (masks_dir, "masks")):
        if path is not None and not path.is_dir():
            msg = f"folder of {content} not found: {path.absolute()}"
            raise FileNotFoundError(msg)
    if has_layout(folder):
        return _find_lacead(folder, masks_dir)
    return _find_plain(folder, masks_dir, defect)


def _find_plain(folder: Path, masks_dir: Path | None, defect: str) -> list[Source]:
    images = find_images(folder)
    if masks_dir is not None:
        hidden = masks_dir.resolve()
        images = [image for image in images if not image.resolve().is_relative_to(hidden)]
        if not images:
            msg = f"{folder} holds no image outside of {masks_dir}; masks must lie in a folder of their own"
            raise FileNotFoundError(msg)
    masks = match_by_name(find_images(masks_dir), masks_dir, images, folder) if masks_dir is not None else {}
    names = ["_".join(image.relative_to(folder).with_suffix("").parts) for image in images]
    return [
        Source(image, masks.get(image), TRAIN, GOOD, defect, name) for image, name in zip(images, names, strict=True)
    ]


def _find_lacead(folder: Path, masks_dir: Path | None) -> list[Source]:
    train = find_train_images(folder)
    test = find_test_images(folder) if find_folder(folder, TEST).is_dir() else {}
    masks = match_masks(folder, test, masks_dir)
    warn_of_unused(folder, train, test, masks)
    if masks_dir is not None and not masks:
        msg = f"{masks_dir} holds no mask of an image in {folder / TEST}, expected {masks_dir}/<defect>/NAME.png"
        raise FileNotFoundError(msg)
    labelled = [(TRAIN, GOOD, image) for image in train]
    labelled += [(TEST, label, image) for label, images in test.items() for image in images]
    return [Source(image, masks.get(image), split, label, label, image.stem) for split, label, image in labelled]
