# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Random crops at native resolution, as LaceAD was cut from camera images (SCADN, "LaceAD").

The generator is fully convolutional: trained on crops it paints whole images, with stripes as wide as in training and
context on both sides of every pixel. A crop of a mask, two stripes wide at least, is a mask with another phase.
"""

from collections.abc import Sequence

import torch

from .masks import SIZE_DIVISOR
from .networks import MIN_SIZE


def check_crop_size(crop_size: tuple[int, int], image_size: tuple[int, int], stripes: Sequence[int]) -> None:
    """Raise unless crops can be cut and painted.

    Args:
        crop_size (tuple[int, int]): Height and width in pixels.
        image_size (tuple[int, int]): Height and width of the images in pixels.
        stripes (Sequence[int]): Stripes across the image, one number per scale.

    Raises:
        ValueError: If a side is no multiple of 8, below 24, longer than the image's, or shorter than two of the widest
            stripes, so that a crop could be removed as a whole.
    """
    for crop, side in zip(crop_size, image_size, strict=True):
        if crop % SIZE_DIVISOR or not MIN_SIZE <= crop <= side:
            msg = (
                f"crop_size must be multiples of {SIZE_DIVISOR} from {MIN_SIZE} to the image's {image_size}, "
                f"got {crop_size}"
            )
            raise ValueError(msg)
        if crop * min(stripes) < 2 * side:
            msg = (
                f"crop_size {crop_size} must hold two of the widest stripes, {side // min(stripes)} pixels each: give "
                f"more stripes than {tuple(stripes)} across the image, or larger crops"
            )
            raise ValueError(msg)


def random_crops(
    images: torch.Tensor,
    masks: torch.Tensor,
    size: tuple[int, int],
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut one crop from each image, and the same one from its mask.

    Args:
        images (torch.Tensor): I, shape (N, C, H, W).
        masks (torch.Tensor): M, shape (N, 1, H, W).
        size (tuple[int, int]): Height and width of a crop in pixels, at most the images'.
        generator (torch.Generator): What the places are drawn from, on the CPU.

    Returns:
        tuple[torch.Tensor, torch.Tensor]: Crops of shape (N, C, *size) and (N, 1, *size).
    """
    places = []
    for side, crop in zip(images.shape[-2:], size, strict=True):
        starts = torch.randint(side - crop + 1, (len(images),), generator=generator).tolist()
        places.append([slice(start, start + crop) for start in starts])
    windows = list(enumerate(zip(*places, strict=True)))
    image_crops = torch.stack([images[index, :, rows, columns] for index, (rows, columns) in windows])
    return image_crops, torch.stack([masks[index, :, rows, columns] for index, (rows, columns) in windows])
