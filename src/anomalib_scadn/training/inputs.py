# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What the generator is given in training: images without stripes (SCADN Eq. 1) or, not in the paper, with anomalies.

Random crops are not in the paper either.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from anomalib_scadn.anomalies import draw_anomalies
from anomalib_scadn.masks import draw_masks, remove
from anomalib_scadn.masks.sizes import MIN_SIZE, SIZE_DIVISOR

RANGE_TOLERANCE = 1e-3
"""Distance by which images may lie outside [0, 1]."""


class Inputs(NamedTuple):
    """A batch to learn from.

    Attributes:
        images (torch.Tensor): I, what the generator shall paint, shape (N, C, h, w), range [0, 1].
        given (torch.Tensor): What it is given, same shape.
        masks (torch.Tensor): M of Eq. 2, shape (N, 1, h, w), 0 where stripes were removed or an anomaly lies.
    """

    images: torch.Tensor
    given: torch.Tensor
    masks: torch.Tensor


def draw_inputs(
    images: torch.Tensor,
    stripe_masks: torch.Tensor,
    generator: torch.Generator,
    *,
    mask_fill: float = 0.0,
    repair: float = 0.0,
    crop_size: tuple[int, int] | None = None,
) -> Inputs:
    """Remove stripes from some images, and draw anomalies into the others.

    Args:
        images (torch.Tensor): Normal images, shape (N, C, H, W), range [0, 1].
        stripe_masks (torch.Tensor): M_ij, shape (4 * S, 1, H, W), of which each image gets one.
        generator (torch.Generator): What everything is drawn from, on the CPU.
        mask_fill (float): Value of removed pixels, range [0, 1]. Defaults to ``0.0``.
        repair (float): Share of the images with anomalies, range [0, 1]. Defaults to ``0.0``.
        crop_size (tuple[int, int] | None): Height and width of random crops. Defaults to ``None``, whole images.

    Returns:
        Inputs: Images or crops of them, what the generator is given, and masks.
    """
    masks = draw_masks(stripe_masks, len(images), generator)
    if crop_size is not None:
        images, masks = random_crops(images, masks, crop_size, generator)
    given = remove(images, masks, mask_fill)
    if repair:
        chosen = (torch.rand(len(images), generator=generator) < repair).nonzero()[:, 0].to(images.device)
        if len(chosen):
            given[chosen], masks[chosen] = draw_anomalies(images[chosen], generator)
    return Inputs(images, given, masks)


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


def check_range(images: torch.Tensor) -> None:
    """Refuse images that were normalized, which no model here can paint.

    Args:
        images (torch.Tensor): Any shape.

    Raises:
        ValueError: If a value lies outside [0, 1]; the message names the lowest and the highest.
    """
    low, high = (float(value) for value in images.aminmax())
    # Antialiased resizing of pure white ends a rounding error above 1.
    if low < -RANGE_TOLERANCE or high > 1 + RANGE_TOLERANCE:
        msg = (
            f"the model paints images in [0, 1], got values from {low:.3g} to {high:.3g}; "
            "leave normalization out of the pre-processor and the augmentations"
        )
        raise ValueError(msg)
