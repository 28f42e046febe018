# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Training losses (SCADN Eq. 2 to 4).

Differences from the paper:
    - Eq. 3 asks the generator to minimize log(1 - D(Î)); as in the authors' code it minimizes -log D(Î), the
      non-saturating form (Goodfellow et al. 2014), which has the same fixed point and a usable gradient at the start.

Differences from the authors' code:
    - There L_rec is divided by the removed share of the mask, which makes it twice the mean of Eq. 2 when half of the
      image is removed; ``lambda_rec = 2`` gives that loss.
"""

import math
from collections.abc import Mapping

import torch
from kornia.metrics import ssim
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

SSIM_WINDOW = 11
"""Pixels across the Gaussian window (Wang et al. 2004)."""


class NonFiniteLossError(RuntimeError):
    """A loss term became NaN or infinite."""


def reconstruction_loss(
    reconstructions: torch.Tensor,
    images: torch.Tensor,
    masks: torch.Tensor,
    lambda_rm: float = 3.0,
) -> torch.Tensor:
    """Weighted squared error L_rec = [1 + lambda_rm (1 - M)] ⊙ ||Î - I||², averaged over all values (SCADN Eq. 2).

    Args:
        reconstructions (torch.Tensor): Î, shape (N, C, H, W), range [0, 1].
        images (torch.Tensor): I, shape (N, C, H, W), range [0, 1].
        masks (torch.Tensor): M, shape (N, 1, H, W), 1 = kept, 0 = removed.
        lambda_rm (float): Additional weight of removed pixels. Defaults to ``3.0``.

    Returns:
        torch.Tensor: Scalar, float32 under mixed precision too.
    """
    squared = (reconstructions.float() - images.float()).square()
    return ((1 + lambda_rm * (1 - masks.float())) * squared).mean()


def structural_loss(reconstructions: torch.Tensor, images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """1 - SSIM of the images with what was removed painted in (Wang et al. 2004; not in the paper).

    Squared errors alone are content with a grey area where a weave was: its mean is the best guess as long as the
    phase is not known. Structure is worth nothing there, so the generator learns to carry it on much earlier.

    Args:
        reconstructions (torch.Tensor): Î, shape (N, C, H, W), range [0, 1].
        images (torch.Tensor): I, shape (N, C, H, W), range [0, 1].
        masks (torch.Tensor): M, shape (N, 1, H, W), 1 = kept, 0 = removed.

    Returns:
        torch.Tensor: Scalar, float32, range [0, 2].
    """
    real, kept = images.float(), masks.float()
    painted = real * kept + reconstructions.float() * (1 - kept)
    # kornia's map, where scores have their own: no two runtimes need agree on the last digits of a loss. Each colour is
    # compared by itself, and those of all images together fill a processor's registers, as three do not.
    colours, expected = (values.flatten(0, 1).unsqueeze(0) for values in (painted, real))
    return 1 - ssim(colours, expected, SSIM_WINDOW).mean()


def adversarial_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """Generator's share of L_adv, -log D(Î) averaged over patches (SCADN Eq. 3, non-saturating).

    Args:
        fake_logits (torch.Tensor): Discriminator logits of painted images, any shape.

    Returns:
        torch.Tensor: Scalar, float32.
    """
    logits = fake_logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Discriminator's share, the mean of -log D(I) and -log(1 - D(Î)) (SCADN Eq. 3).

    Args:
        real_logits (torch.Tensor): Logits of real images, any shape.
        fake_logits (torch.Tensor): Logits of painted images, any shape.

    Returns:
        torch.Tensor: Scalar, float32.
    """
    real, fake = real_logits.float(), fake_logits.float()
    real_term = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
    fake_term = F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    return (real_term + fake_term) / 2


def generator_loss(
    terms: Mapping[str, torch.Tensor], lambda_rec: float, lambda_adv: float, lambda_ssim: float = 0.0
) -> torch.Tensor:
    """Weigh the generator's terms: L = lambda_rec L_rec + lambda_adv L_adv (SCADN Eq. 4), plus structure.

    Args:
        terms (Mapping[str, torch.Tensor]): ``reconstruction_loss`` and, if there are such, ``adversarial_loss`` and
            ``structural_loss``; others are left out.
        lambda_rec (float): Weight of the reconstruction loss.
        lambda_adv (float): Weight of the adversarial loss.
        lambda_ssim (float): Weight of the structural loss, which is not in the paper. Defaults to ``0.0``.

    Returns:
        torch.Tensor: Scalar.
    """
    weights = {"reconstruction_loss": lambda_rec, "structural_loss": lambda_ssim, "adversarial_loss": lambda_adv}
    return torch.stack([weights[name] * term for name, term in terms.items() if name in weights]).sum()


def check_finite(moment: str, **terms: torch.Tensor) -> None:
    """Stop before a non-finite loss reaches the weights.

    Args:
        moment (str): When, for the message, say ``"step 3"``.
        **terms (torch.Tensor): Scalar loss terms by name.

    Raises:
        NonFiniteLossError: If a term is NaN or infinite; the message names the terms and the moment.
    """
    values = torch.stack([term.detach().float() for term in terms.values()])
    if torch.isfinite(values).all():
        return
    bad = {name: value for name, value in zip(terms, values.tolist(), strict=True) if not math.isfinite(value)}
    listed = ", ".join(f"{name} = {value}" for name, value in bad.items())
    msg = (
        f"non-finite loss at {moment}: {listed}. The weights were not updated and the last checkpoint, if there is "
        "one, is intact; lower the learning rate, or train in 32-bit precision"
    )
    raise NonFiniteLossError(msg)
