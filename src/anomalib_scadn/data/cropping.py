# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Cutting large camera images into patches in the layout of LaceAD, as the paper did (SCADN, "LaceAD").

The raw images are cut into ``size x size`` pixels and never scaled, 512 in the paper. What remains at the right and
at the bottom, less than a patch, is dropped, or covered by patches shifted back to the border so that they overlap
their neighbours. A patch is kept as PNG, with the grey values or colours that Pillow reads. Images of more than 8 bits
a channel are refused: Pillow would drop the lower half of their colours. One image that cannot be cut stops it all.

Masks are cut along and decide: a patch in which one marks enough pixels goes to ``test/<defect>``, with its mask; the
other patches of that image go to ``test/good``. Patches of an image whose mask is missing or empty stay where the
image was.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image
from tqdm import tqdm

from anomalib_scadn.checks import check_count
from anomalib_scadn.files import naming, whole_folder

from .crop_sources import Source, find_sources
from .image_reading import depth_over_8_bits, read_still
from .lacead_files import GOOD, TEST, TRAIN, TRUTH
from .mask_reading import check_mask_size, read_mask
from .tiles import Box, tile_boxes

Remainder = Literal["drop", "shift"]


@dataclass(frozen=True)
class CropCounts:
    """What was cut.

    Args:
        images (int): Camera images.
        masks (int): Masks that were cut along.
        train_good (int): Patches in ``train/good``.
        test_good (int): Patches in ``test/good``.
        defects (dict[str, int]): Patches in ``test/<defect>``, by defect.
    """

    images: int = 0
    masks: int = 0
    train_good: int = 0
    test_good: int = 0
    defects: dict[str, int] = field(default_factory=dict)

    @property
    def patches(self) -> int:
        """Count all patches.

        Returns:
            int: Number of patches.
        """
        return self.train_good + self.test_good + sum(self.defects.values())


def crop_folder(
    input_dir: Path | str,
    output_dir: Path | str,
    size: int = 512,
    masks_dir: Path | str | None = None,
    *,
    remainder: Remainder = "drop",
    min_anomalous_pixels: int = 1,
    defect: str = "defect",
    progress: bool = False,
) -> CropCounts:
    """Cut a folder of camera images into patches.

    The result appears under its name only when it is whole. It opens as
    ``LaceAD(root=output.parent, category=output.name)`` if there are patches to train on and patches to test on.

    Args:
        input_dir (Path | str): Images, in the layout of LaceAD or in a plain folder (see
            :func:`~anomalib_scadn.data.crop_sources.find_sources`).
        output_dir (Path | str): Folder for the patches, missing or empty.
        size (int): Side of the square patches in pixels. Defaults to ``512``.
        masks_dir (Path | str | None): Masks, as large as their images; any pixel that is not black is anomalous.
            Defaults to ``None``.
        remainder (Literal["drop", "shift"]): What happens with the rest at the right and at the bottom.
            Defaults to ``"drop"``.
        min_anomalous_pixels (int): Marked pixels from which on a patch is anomalous, at least 1. Defaults to ``1``.
        defect (str): Name of the defect in a plain folder. Defaults to ``"defect"``.
        progress (bool): Whether to show a progress bar. Defaults to ``False``.

    Returns:
        CropCounts: What was cut.

    Raises:
        FileExistsError: If the output is there and not empty.
        FileNotFoundError: If a folder is missing, or there is no image.
        ValueError: If an argument is out of range, a file cannot be read, an image is smaller than a patch or has more
            than 8 bits a channel, or masks and images do not match.
        OSError: If the output cannot be written.
    """
    check_count(1, size=size, min_anomalous_pixels=min_anomalous_pixels)
    _check_names(remainder, defect)
    target = Path(output_dir)
    _check_output(target, Path(input_dir))
    sources = find_sources(Path(input_dir), Path(masks_dir) if masks_dir is not None else None, defect)
    counts: Counter[tuple[str, str]] = Counter()
    with whole_folder(target) as cut:
        for source in tqdm(sources, unit="image", disable=not progress):
            counts += _crop(source, cut, size, remainder, min_anomalous_pixels)
    return CropCounts(
        images=len(sources),
        masks=sum(source.mask is not None for source in sources),
        train_good=counts[TRAIN, GOOD],
        test_good=counts[TEST, GOOD],
        defects={label: count for (_, label), count in sorted(counts.items()) if label != GOOD},
    )


def _check_names(remainder: str, defect: str) -> None:
    if remainder not in get_args(Remainder):
        msg = f"remainder must be one of {', '.join(get_args(Remainder))}, got {remainder!r}"
        raise ValueError(msg)
    if defect.casefold() in {"", GOOD} or defect.startswith(".") or "/" in defect or "\\" in defect:
        msg = f"defect must be the name of a folder other than {GOOD!r}, got {defect!r}"
        raise ValueError(msg)


def _check_output(target: Path, source: Path) -> None:
    if target.resolve().is_relative_to(source.resolve()):
        msg = f"output {target} must not lie in the input {source}: its patches would be taken for images"
        raise ValueError(msg)
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists():
        msg = f"output {target.absolute()} is there already, expected a missing or empty folder; nothing was cut"
        raise FileExistsError(msg)


def _crop(source: Source, target: Path, size: int, remainder: Remainder, least: int) -> Counter[tuple[str, str]]:
    image = _read(source.image)
    boxes = _patch_boxes(source.image, image.height, image.width, size, remainder)
    mask = None
    if source.mask is not None:
        mask = read_mask(source.mask)
        check_mask_size(source.image, (image.height, image.width), source.mask, (mask.shape[0], mask.shape[1]))
    marked = mask is not None and bool(mask.any())
    counts: Counter[tuple[str, str]] = Counter()
    for y0, x0 in boxes:
        area = slice(y0, y0 + size), slice(x0, x0 + size)
        anomalous = mask is not None and int(mask[area].sum()) >= least
        split, label = _place(source, marked=marked, anomalous=anomalous)
        # Normal patches of different defects meet in one folder, so they are told apart by name.
        moved = label != source.label and source.label != GOOD
        name = f"{source.label}_{source.name}" if moved else source.name
        name = f"{name}_y{y0:05d}_x{x0:05d}"
        _save(image.crop((x0, y0, x0 + size, y0 + size)), target / split / label / f"{name}.png", source)
        if mask is not None and label != GOOD:
            patch_mask = Image.fromarray(mask[area].astype(np.uint8) * 255)
            _save(patch_mask, target / TRUTH / label / f"{name}_mask.png", source)
        counts[split, label] += 1
    return counts


def _place(source: Source, *, marked: bool, anomalous: bool) -> tuple[str, str]:
    if not marked:
        return source.split, source.label
    return TEST, source.defect if anomalous else GOOD


def _patch_boxes(path: Path, height: int, width: int, size: int, remainder: Remainder) -> list[Box]:
    if min(height, width) < size:
        msg = f"image {path} must be at least as large as a patch, {size} x {size}, found {width} x {height}"
        raise ValueError(msg)
    if remainder == "drop":
        height, width = height // size * size, width // size * size
    return tile_boxes(height, width, size, overlap=0)


def _read(path: Path) -> Image.Image:
    depth, image = read_still(path, _decode)
    if depth is not None:
        msg = f"cannot cut {path}: expected 8 bits a channel, found {depth}; convert it to 8 bits first"
        raise ValueError(msg)
    # A viewer would turn or tint each patch by what was meant for the whole image.
    image.info.clear()
    return image


def _decode(file: Image.Image) -> tuple[str | None, Image.Image]:
    depth = depth_over_8_bits(file)
    # Modes that PNG or the data set cannot hold; pixels of the others stay as they are.
    modes = {"1": "L", "P": "RGB", "PA": "RGB", "CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB"}
    return depth, file.convert(modes[file.mode]) if file.mode in modes else file.copy()


def _save(picture: Image.Image, path: Path, source: Source) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        msg = f"patches of {source.image} and of another image would both be {path.name}; expected other names"
        raise ValueError(msg)
    with naming(path):
        picture.save(path)
