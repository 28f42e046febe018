# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Fillings of anomalies: what is seen instead of the normal image.

Every function takes N images that are changed, all images of the batch, and a generator on the CPU. It gives N whole
images of the same shape, of which a shape lets a part be seen.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from kornia.filters import gaussian_blur2d
from torch.nn import functional as F  # noqa: N812

from .shapes import log_uniform, uniform

Filling = Literal["patch", "light", "colour", "blur"]

BLUR, BLUR_WINDOW = 2.8, 13
"""Standard deviation of the blur's Gaussian, and the pixels that it is cut off at."""


def patch(images: torch.Tensor, batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Another place of the same or of another image, mirrored, transposed, scaled and in another light.

    Args:
        images (torch.Tensor): Images that are changed, shape (N, C, H, W), range [0, 1].
        batch (torch.Tensor): All images, shape (B, C, H, W).
        generator (torch.Generator): On the CPU.

    Returns:
        torch.Tensor: Shape (N, C, H, W), perhaps beyond [0, 1].
    """
    count = len(images)
    source = batch[torch.randint(len(batch), (count,), generator=generator).to(batch.device)]
    mirror = 2.0 * torch.randint(2, (count, 2), generator=generator) - 1
    matrix = torch.diag_embed(mirror / log_uniform(generator, count, 0.4, 2.5, dims=1))
    transposed = uniform(generator, count, 0.0, 1.0) < 0.5
    height, width = images.shape[-2:]
    # Coordinates have the range [-1, 1] in both directions, pixels of an oblong image do not.
    aspect = torch.tensor([[1.0, height / width], [width / height, 1.0]])
    matrix = torch.where(transposed, matrix.flip(-1), matrix) * aspect
    shift = torch.rand(count, 2, 1, generator=generator) * 2 - 1
    affine = torch.cat([matrix, shift], dim=-1).to(images)
    grid = F.affine_grid(affine, list(images.shape), align_corners=False)
    grid = (grid + 1) % 2 - 1  # beyond a border the image begins again
    return change_light(F.grid_sample(source, grid, padding_mode="border", align_corners=False), generator, 0.0, 0.25)


def light(images: torch.Tensor, batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The image itself in another light. See :func:`patch`."""
    del batch
    return change_light(images, generator, 0.05, 0.4)


def colour(images: torch.Tensor, batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """One random colour, half of the time a grey. See :func:`patch`."""
    del batch
    count, channels = images.shape[:2]
    colours = torch.rand(count, channels, 1, 1, generator=generator)
    grey = uniform(generator, count, 0.0, 1.0, dims=3) < 0.5
    return torch.where(grey, colours[:, :1], colours).to(images).expand_as(images)


def blur(images: torch.Tensor, batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The image itself without its fine structure. See :func:`patch`."""
    del batch, generator
    return gaussian_blur2d(images, (BLUR_WINDOW, BLUR_WINDOW), (BLUR, BLUR))


FILLINGS: dict[Filling, tuple[float, Callable[..., torch.Tensor]]] = {
    "patch": (0.55, patch),
    "light": (0.25, light),
    "colour": (0.10, colour),
    "blur": (0.10, blur),
}
"""How often each filling is taken, and its function."""


def change_light(images: torch.Tensor, generator: torch.Generator, least: float, most: float) -> torch.Tensor:
    """Change contrast and brightness.

    Args:
        images (torch.Tensor): Shape (N, C, H, W), range [0, 1].
        generator (torch.Generator): On the CPU.
        least (float): Least change of brightness, up or down, range [0, 1].
        most (float): Most change of brightness, range [0, 1].

    Returns:
        torch.Tensor: Shape (N, C, H, W), perhaps beyond [0, 1].
    """
    contrast = uniform(generator, len(images), 0.5, 1.5, dims=3).to(images)
    sign = 2.0 * torch.randint(2, (len(images), 1, 1, 1), generator=generator) - 1
    change = (sign * uniform(generator, len(images), least, most, dims=3)).to(images)
    mean = images.mean(dim=(-2, -1), keepdim=True)
    return (images - mean) * contrast + mean + change


def fill(
    kinds: torch.Tensor,
    names: Sequence[Filling],
    images: torch.Tensor,
    batch: torch.Tensor,
    generator: torch.Generator,
) -> torch.Tensor:
    """Make each image's filling.

    Args:
        kinds (torch.Tensor): Index of each image's filling among the names, shape (N,), on the CPU.
        names (Sequence[str]): Fillings.
        images (torch.Tensor): Images that are changed, shape (N, C, H, W), range [0, 1].
        batch (torch.Tensor): All images, shape (B, C, H, W).
        generator (torch.Generator): On the CPU.

    Returns:
        torch.Tensor: Shape (N, C, H, W), range [0, 1].
    """
    filled = torch.empty_like(images)
    for index, name in enumerate(names):
        chosen = (kinds == index).nonzero()[:, 0].to(images.device)
        if len(chosen):
            filled[chosen] = FILLINGS[name][1](images[chosen], batch, generator)
    return filled.clamp(0, 1)
