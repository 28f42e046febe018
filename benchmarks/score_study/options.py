# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Ways to train that ``benchmarks/training_options.py`` compares. Those that do not help are here and nowhere else."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torchvision.transforms.v2 import Compose, RandomHorizontalFlip, RandomVerticalFlip, Transform

from anomalib_scadn import Scadn

WIDTHS = (0.75, 1.5)
"""How much narrower and wider random stripes may be."""

LAMBDA_GRADIENT = 0.5
"""Weight of the gradient loss; no other was tried."""


class RandomStripes(Scadn):
    """SCADN with stripes of random width, phase and direction in place of the fixed masks."""

    def _draw_masks(self, count: int) -> torch.Tensor:
        return torch.stack([self._draw_mask() for _ in range(count)])

    def _draw_mask(self) -> torch.Tensor:
        """Draw one mask, shape (1, H, W): a scale, then its width, phase and direction."""
        vertical, scale = (self._draw(count) for count in (2, len(self.model.stripes)))
        length = self.model.image_size[vertical]
        factor, phase = torch.rand(2, generator=self._epoch_generator).tolist()
        width = length / self.model.stripes[scale] * (WIDTHS[0] + factor * (WIDTHS[1] - WIDTHS[0]))
        stripes = ((torch.arange(length) / width + 2 * phase) % 2 >= 1).float()
        shaped = stripes[None, :] if vertical else stripes[:, None]
        return shaped.expand(self.model.image_size)[None].to(self.device)

    def _draw(self, count: int) -> int:
        return int(torch.randint(count, (1,), generator=self._epoch_generator))


class GradientLoss(Scadn):
    """SCADN with the gradients of what was painted in its loss (Mathieu et al. 2016)."""

    def _loss_terms(self, images: torch.Tensor, fakes: torch.Tensor, masks: torch.Tensor) -> dict[str, torch.Tensor]:
        painted = images * masks + fakes * (1 - masks)
        distances = [(painted.diff(dim=axis) - images.diff(dim=axis)).abs().mean() for axis in (-2, -1)]
        return {**super()._loss_terms(images, fakes, masks), "gradient_loss": sum(distances)}

    def _generator_loss(self, terms: dict[str, torch.Tensor]) -> torch.Tensor:
        return super()._generator_loss(terms) + LAMBDA_GRADIENT * terms["gradient_loss"]


@dataclass(frozen=True)
class Option:
    """A way to train.

    Args:
        arguments (dict[str, Any]): Arguments of the model that it changes.
        model_class (type[Scadn]): The model.
        augmentations (Transform | None): Of the training images.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    model_class: type[Scadn] = Scadn
    augmentations: Transform | None = None


LAST = {"ema_decay": 0.0}
"""Arguments of a model that ends with its last weights."""

COSINE = {"learning_rate_schedule": "cosine"}
"""Arguments of a model whose learning rates fall."""

SCALED_DOWN = {"image_size": 128, "crop_size": None, "stripes": (4, 8, 16)}
"""Arguments of a model that sees whole images, small, where others see crops at native resolution."""

OPTIONS = {
    "as configured": Option(),
    "last weights": Option(LAST),
    "paper's loss": Option({"lambda_ssim": 0.0}),
    "gradients, no SSIM": Option({"lambda_ssim": 0.0}, model_class=GradientLoss),
    "gradients and SSIM": Option(model_class=GradientLoss),
    "paper's decay": Option({"beta1": 0.0}),
    "cosine rate": Option(COSINE),
    "cosine rate, last weights": Option({**COSINE, **LAST}),
    "flips": Option(augmentations=Compose([RandomHorizontalFlip(), RandomVerticalFlip()])),
    "random stripes": Option(model_class=RandomStripes),
    "scaled down": Option(SCALED_DOWN),
}
