# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Informative-negative mining (Perera et al. 2019, Section 3.4): find latent vectors that decode to bad images.

Left open by the source, and chosen here:
    - The step: along the negative gradient, scaled so that a value moves by ``step_size`` in root mean square. The
      gradient's own length depends on the networks and the number of values.
    - The border: what leaves the support (-1, 1)^d of the latent space is put back on it.
"""

from collections.abc import Callable

import torch
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

SMALLEST_GRADIENT = 1e-20
"""A gradient below this is no direction: the vector stays."""


def mine(
    latents: torch.Tensor, judge: Callable[[torch.Tensor], torch.Tensor], steps: int = 5, step_size: float = 0.05
) -> torch.Tensor:
    """Move latent vectors towards what a classifier finds least real.

    Args:
        latents (torch.Tensor): Random samples, shape (N, ...), range [-1, 1].
        judge (Callable[[torch.Tensor], torch.Tensor]): Decodes latents and gives the classifier's logits, shape
            (N, ...), higher is more real.
        steps (int): Gradient steps. Defaults to ``5``.
        step_size (float): How far a value moves per step, root mean square. Defaults to ``0.05``.

    Returns:
        torch.Tensor: Same shape, range [-1, 1], without gradient.
    """
    found = latents.detach()
    for _ in range(steps):
        found.requires_grad_()
        logits = judge(found).float().flatten(1)
        # Summed over images: each has a gradient of its own, whatever else is in the batch. Summed over patches, since
        # only its direction counts: a mean's would be too small for half precision.
        loss = F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits), reduction="sum")
        (gradient,) = torch.autograd.grad(loss, found)
        length = gradient.square().mean(dim=tuple(range(1, gradient.ndim)), keepdim=True).sqrt()
        found = (found.detach() - step_size * gradient / length.clamp(min=SMALLEST_GRADIENT)).clamp(-1, 1)
    return found
