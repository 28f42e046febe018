# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Errors: differences between an image and its reconstructions, pixel by pixel.

Every function here takes images of shape (N, C, H, W) and K painted versions of each, (N, K, C, H, W), range [0, 1],
and gives maps of shape (N, K, H, W), 0 where both are the same, higher where they differ more.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch.nn import functional as F  # noqa: N812

from .maps import filter_gaussian

ErrorName = Literal["mse", "ssim", "msgms", "perceptual"]
ErrorFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

SSIM_WINDOW, SSIM_WIDTH = 11, 1.5
"""Pixels across the Gaussian window, and its standard deviation (Wang et al. 2004)."""

SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
"""Constants that keep its quotients finite, for images in [0, 1] (Wang et al. 2004)."""

GRADIENT_SCALES = 4
"""Full size and three halvings (Zavrtanik et al. 2021)."""

GRADIENT_CONSTANT = 170 / 255**2
"""c of the gradient magnitude similarity, for images in [0, 1] (Xue et al. 2014)."""


def squared_error(images: torch.Tensor, painted: torch.Tensor) -> torch.Tensor:
    """Squared difference, the mean over colours: sees a change of brightness or colour, however smooth it is.

    Args:
        images (torch.Tensor): I, shape (N, C, H, W), range [0, 1].
        painted (torch.Tensor): Shape (N, K, C, H, W), range [0, 1].

    Returns:
        torch.Tensor: Shape (N, K, H, W), range [0, 1].
    """
    return (painted - images.unsqueeze(1)).square().mean(dim=2)


def structural_dissimilarity(images: torch.Tensor, painted: torch.Tensor) -> torch.Tensor:
    """1 - SSIM, the mean over colours: sees a change of brightness, contrast or structure around a pixel.

    Structural similarity by Wang et al. 2004, with their Gaussian window of 11 pixels.

    Args:
        images (torch.Tensor): I, shape (N, C, H, W), range [0, 1], H and W at least 6.
        painted (torch.Tensor): Shape (N, K, C, H, W), range [0, 1].

    Returns:
        torch.Tensor: Shape (N, K, H, W), range [0, 2].
    """
    # Variances are differences of squares, in which single precision loses the contrast of a bright flat area. They do
    # not depend on a shift, so the mean of the image goes first. kornia's own map does without, and runtimes disagree.
    shift = images.mean(dim=(-2, -1), keepdim=True).unsqueeze(1)
    real, fake = images.unsqueeze(1) - shift, painted - shift
    kinds = (real, fake, torch.addcmul(real.square(), fake, fake), real * fake)
    means = filter_gaussian(torch.cat(kinds, dim=1), SSIM_WINDOW, SSIM_WIDTH, "reflect")
    mean_real, mean_fake, squares, product = means.split([kind.shape[1] for kind in kinds], dim=1)
    spread = squares.addcmul(mean_real, mean_real, value=-1).addcmul(mean_fake, mean_fake, value=-1)
    covariance = product.addcmul(mean_real, mean_fake, value=-1)
    light_real, light_fake = mean_real + shift, mean_fake + shift
    light = torch.addcmul(light_real.square(), light_fake, light_fake)
    # Both halves of both fractions: what is divided is a quarter of SSIM's numerator.
    common = (light_real * light_fake + SSIM_C1 / 2) * (covariance + SSIM_C2 / 2)
    return 1 - 4 * (common / ((light + SSIM_C1) * (spread + SSIM_C2))).mean(dim=2)


def gradient_dissimilarity(images: torch.Tensor, painted: torch.Tensor) -> torch.Tensor:
    """1 - MSGMS: sees edges that are missing, new, or stronger or weaker than painted; blind to smooth changes.

    Multi-scale gradient magnitude similarity of the grey images: Xue et al. 2014 at each scale, the mean over scales
    as in Zavrtanik et al. 2021. kornia has no such map, and piq only its spread over an image.

    Args:
        images (torch.Tensor): I, shape (N, C, H, W), range [0, 1], H and W multiples of 8.
        painted (torch.Tensor): Shape (N, K, C, H, W), range [0, 1].

    Returns:
        torch.Tensor: Shape (N, K, H, W), range [0, 1].
    """
    grey = torch.cat([images.mean(dim=1, keepdim=True), painted.mean(dim=2)], dim=1)
    total = _gradient_difference(grey)
    for _ in range(GRADIENT_SCALES - 1):
        grey = F.interpolate(grey, scale_factor=0.5, mode="bilinear")  # means of 2 x 2, four times faster than pooling
        total = total + _enlarge(_gradient_difference(grey), images.shape[-2:])
    return total / GRADIENT_SCALES


ERRORS: dict[ErrorName, ErrorFunction] = {
    "mse": squared_error,
    "ssim": structural_dissimilarity,
    "msgms": gradient_dissimilarity,
}
"""The errors that have no weights of their own."""


def _enlarge(maps: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Bilinear upsampling; in a graph as two matrix products, which OpenVINO computes faster than its own operation."""
    if not torch.compiler.is_exporting():
        return F.interpolate(maps, size=size, mode="bilinear")
    rows, columns = (
        F.interpolate(torch.eye(old, device=maps.device).unsqueeze(0), size=new, mode="linear").squeeze(0).to(maps)
        for old, new in zip(maps.shape[-2:], size, strict=True)
    )
    return rows.T @ maps @ columns


def _gradient_difference(grey: torch.Tensor) -> torch.Tensor:
    """1 - GMS of an image, which comes first, and K painted ones: (N, 1 + K, H, W) -> (N, K, H, W)."""
    magnitude = _gradient_magnitude(grey)
    square = magnitude.square() + GRADIENT_CONSTANT / 2
    real, fake = magnitude[:, :1], magnitude[:, 1:]
    return 1 - (2 * real * fake + GRADIENT_CONSTANT) / (square[:, :1] + square[:, 1:])


def _gradient_magnitude(grey: torch.Tensor) -> torch.Tensor:
    """Prewitt's gradient by differences of sums of three, shape (N, K, H, W); the border pixels are repeated."""
    padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    columns = padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]
    horizontal = rows[..., 2:] - rows[..., :-2]
    vertical = columns[..., 2:, :] - columns[..., :-2, :]
    # The summand keeps the slope of the root finite where an image is flat.
    return (horizontal.square() + vertical.square() + 1e-12).sqrt() / 3
