# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Multi-scale striped masks (SCADN, "Multi-scale striped masks" and Fig. 3).

A mask M is 1 where a pixel is kept and 0 where it is removed, as in SCADN Eq. 1. A scale is named by its number
of stripes across the image: 4, 8 and 16 are the paper's S1 (large), S2 (middle) and S3 (small). Each scale has four
masks: vertical stripes with the first one removed, the complement, horizontal stripes with the first one removed,
the complement. So every pixel is removed by exactly two of the four.

Differences from the authors' code:
    - There a mask is 1 where a pixel is removed; here the paper's symbol keeps the paper's meaning.
    - There the size must be a multiple of the stripes; here stripe borders are rounded to the nearest pixel, so that
      any size works and complements stay exact.
"""

from collections.abc import Sequence

import torch

from .sizes import MASKS_PER_SCALE, Passes, check_passes, check_size


def stripe_profile(length: int, stripes: int) -> torch.Tensor:
    """Number the stripes along one axis and keep the odd ones.

    The border between stripes k - 1 and k lies at k * length / stripes, rounded to the nearest pixel.

    Args:
        length (int): Pixels along the axis.
        stripes (int): Stripes along the axis, at most ``length``.

    Returns:
        torch.Tensor: Shape (length,), float32, 0 in the first, third, ... stripe (removed) and 1 in the others (kept).
    """
    # floor(k * length / stripes + 1/2) in integers, so that no rounding mode or float error moves a border.
    borders = (2 * torch.arange(1, stripes) * length + stripes) // (2 * stripes)
    index = torch.bucketize(torch.arange(length), borders, right=True)
    return (index % 2).float()


def striped_masks(size: tuple[int, int], stripes: Sequence[int] = (4, 8, 16)) -> torch.Tensor:
    """Draw the masks of all scales, in the order of ``stripes`` (SCADN Fig. 3).

    Args:
        size (tuple[int, int]): Height and width in pixels, multiples of 8.
        stripes (Sequence[int]): Stripes across the image, one even number per scale.
            Defaults to ``(4, 8, 16)``, the paper's S1, S2, S3.

    Returns:
        torch.Tensor: M, shape (4 * len(stripes), 1, H, W), float32, 1 = kept, 0 = removed. Within a scale: vertical
            stripes with the first removed, the complement, horizontal with the first removed, the complement.

    Raises:
        ValueError: If the size or the stripes are impossible (see :func:`check_size`).

    Example:
        >>> striped_masks((32, 32), stripes=(4,)).shape
        torch.Size([4, 1, 32, 32])
    """
    check_size(size, stripes)
    height, width = size
    masks = []
    for count in stripes:
        vertical = stripe_profile(width, count).expand(height, width)
        horizontal = stripe_profile(height, count).unsqueeze(1).expand(height, width)
        masks += [vertical, 1 - vertical, horizontal, 1 - horizontal]
    return torch.stack(masks).unsqueeze(1)


def inference_masks(size: tuple[int, int], stripes: Sequence[int], passes: Passes = "striped") -> torch.Tensor:
    """List the masks of all passes that an image is scored by.

    Args:
        size (tuple[int, int]): Height and width in pixels, multiples of 8.
        stripes (Sequence[int]): Stripes across the image, one even number per scale.
        passes (Literal["striped", "once"]): Each striped mask (SCADN Eq. 5), or one mask that keeps everything.
            Defaults to ``"striped"``.

    Returns:
        torch.Tensor: M, shape (4 * len(stripes), 1, H, W), or (1, 1, H, W) if once, float32, 1 = kept, 0 = removed. One
            mask alone always means one pass over the whole image: striped masks are at least four.

    Raises:
        ValueError: If the size, the stripes or ``passes`` are impossible.
    """
    check_passes(passes)
    masks = striped_masks(size, stripes)
    return masks if passes == "striped" else torch.ones_like(masks[:1])


def draw_masks(masks: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Draw one of the masks for each image (SCADN Eq. 1).

    Args:
        masks (torch.Tensor): M, shape (4 * S, 1, H, W).
        count (int): Number of images.
        generator (torch.Generator): What is drawn from, on the CPU.

    Returns:
        torch.Tensor: Shape (count, 1, H, W).
    """
    return masks[torch.randint(len(masks), (count,), generator=generator).to(masks.device)]


def remove(images: torch.Tensor, masks: torch.Tensor, fill: float = 0.0) -> torch.Tensor:
    """Remove the masked pixels from the images: I ⊙ M, plus ``fill`` where removed (SCADN Eq. 1).

    Args:
        images (torch.Tensor): I, shape (..., C, H, W), range [0, 1].
        masks (torch.Tensor): M, broadcastable to ``images`` with one channel, 1 = kept, 0 = removed.
        fill (float): Value of a removed pixel, range [0, 1]. The paper's text says 0, the authors' code uses 1.
            Defaults to ``0.0``.

    Returns:
        torch.Tensor: Images with the removed pixels set to ``fill``, the broadcast shape.
    """
    return images * masks + fill * (1 - masks)


def composites(reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Join complementary passes: every pixel is taken from the pass in which it was removed.

    Args:
        reconstructions (torch.Tensor): Î_ij, shape (N, 4 * S, C, H, W), range [0, 1]; (N, 1, C, H, W) if nothing was
            removed.
        masks (torch.Tensor): M_ij, shape (4 * S, 1, H, W), in the order of :func:`striped_masks`, or (1, 1, H, W).

    Returns:
        torch.Tensor: Shape (N, S, 2, C, H, W): scale, then direction (vertical, horizontal). A whole image is its own
            composite, (N, 1, 1, C, H, W).
    """
    if len(masks) == 1:
        return reconstructions.unsqueeze(1)
    removed = reconstructions * (1 - masks)
    scales = masks.shape[0] // MASKS_PER_SCALE
    return removed.unflatten(1, (scales, 2, 2)).sum(dim=3)
