# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Training of the generators that scores and ways to train are compared on.

Ways to train that do not help are here and nowhere else.
"""

import io
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import yaml
from anomalib.data import AnomalibDataModule, Batch
from anomalib.engine import Engine
from torchvision.transforms.v2 import Compose, RandomHorizontalFlip, RandomVerticalFlip, Transform

from anomalib_scadn import Scadn
from anomalib_scadn.files import write_whole
from data import MNIST, make_datamodule, parse_data
from store import check_same, read, save

WIDTHS = (0.75, 1.5)
"""How much narrower and wider random stripes may be."""

LAMBDA_GRADIENT = 0.5
"""Weight of the gradient loss; no other was tried."""


class RandomStripes(Scadn):
    """SCADN with stripes of random width, phase and direction in place of the fixed masks."""

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, torch.Tensor]:
        """Learn from one batch, for which as many masks are drawn as it has images."""
        fixed = self.stripe_masks
        self.stripe_masks = torch.stack([self._draw_mask() for _ in range(len(batch.image))])
        try:
            return super().training_step(batch, batch_idx)
        finally:
            self.stripe_masks = fixed

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
        distance = sum((painted.diff(dim=axis) - images.diff(dim=axis)).abs().mean() for axis in (-2, -1))
        terms = super()._loss_terms(images, fakes, masks)
        # The reconstruction loss is weighted by lambda_rec; the gradients have a weight of their own.
        weight = LAMBDA_GRADIENT / self.lambda_rec
        return {**terms, "reconstruction_loss": terms["reconstruction_loss"] + weight * distance}


@dataclass(frozen=True)
class Option:
    """A way to train: arguments of the model that it changes, the model, augmentations of the training images."""

    arguments: dict[str, Any] = field(default_factory=dict)
    model_class: type[Scadn] = Scadn
    augmentations: Transform | None = None


OPTIONS = {
    "as configured": Option(),
    "last weights": Option({"ema_decay": 0.0}),
    "paper's loss": Option({"lambda_ssim": 0.0}),
    "gradients, no SSIM": Option({"lambda_ssim": 0.0}, model_class=GradientLoss),
    "gradients and SSIM": Option(model_class=GradientLoss),
    "paper's decay": Option({"beta1": 0.0}),
    "flips": Option(augmentations=Compose([RandomHorizontalFlip(), RandomVerticalFlip()])),
    "random stripes": Option(model_class=RandomStripes),
    # Whole images, small, where others see crops at native resolution.
    "scaled down": Option({"image_size": 128, "crop_size": None, "stripes": (4, 8, 16)}),
}
"""Ways to train by name; each alone changes the configuration."""

JUDGING = ("score", "reference_images", "passes")
"""Arguments of the model that decide none of its weights."""


def make_model(config: Path, option: Option, **changes: object) -> Scadn:
    """Make an untrained model as a configuration says; changes overrule it, and the option overrules both."""
    return option.model_class(**{**model_arguments(config), **changes, **option.arguments}, visualizer=False)


def training_arguments(config: Path) -> dict[str, Any]:
    """Collect the model's arguments that decide its weights: all but those of the score, which does not train."""
    return {name: value for name, value in model_arguments(config).items() if name not in JUDGING}


def model_arguments(config: Path) -> dict[str, Any]:
    """Read the model's arguments."""
    return yaml.safe_load(config.read_text(encoding="utf-8"))["model"]["init_args"]


def make_data(text: str, side: int, option: Option) -> AnomalibDataModule:
    """Make the data module, with the batches that SCADN is trained with here."""
    name, folder = parse_data(text)
    train, test = (64, 512) if MNIST.fullmatch(name) else (4, 16)
    sizes = {"train_batch_size": train, "eval_batch_size": test}
    data = make_datamodule(name, folder, side, train_augmentations=option.augmentations, **sizes)
    data.prepare_data()
    data.setup()
    return data


def train(model: Scadn, data: AnomalibDataModule, steps: int) -> None:
    """Train a model in place on as many batches, without validation.

    The reference values of its score are not what it is about: its ``reference_images`` should be 1.
    """
    with TemporaryDirectory() as name:
        Engine(
            accelerator="cpu",
            max_epochs=-1,
            max_steps=steps,
            limit_val_batches=0,
            check_val_every_n_epoch=1,
            logger=False,
            default_root_dir=name,
        ).fit(model, datamodule=data)


def train_once(model: Scadn, data: AnomalibDataModule, steps: int, weights: Path, settings: dict[str, Any]) -> float:
    """Train a generator, or load the one that was trained before."""
    record = weights.with_suffix(".json")
    if not weights.is_file():
        start = time.perf_counter()
        train(model, data, steps)
        seconds = time.perf_counter() - start
        weights.parent.mkdir(parents=True, exist_ok=True)
        # Before the weights: where they are, all is.
        save(record, {"settings": settings, "train_s": seconds})
        content = io.BytesIO()
        torch.save(model.model.generator.state_dict(), content)
        write_whole(weights, content.getvalue())
    known = read(record) or {}
    check_same(weights, known.get("settings", {}), settings)
    model.model.generator.load_state_dict(torch.load(weights, weights_only=True))
    return known["train_s"]
