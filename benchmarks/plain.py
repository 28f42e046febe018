# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN as plainly as the paper tells it, which speed is compared with: torch's own layers in torch's own layout."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from anomalib.data import InferenceBatch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn

from anomalib_scadn import Scadn
from anomalib_scadn.loss import adversarial_loss, discriminator_loss, reconstruction_loss, structural_loss
from anomalib_scadn.masks import remove
from anomalib_scadn.networks import BlockConv2d, InstanceNorm, ResizeConv2d
from anomalib_scadn.training.inputs import draw_inputs

PLAIN = "the plain way"
"""Name of inference as the paper tells it among other forms."""


def with_torchs_layers(network: nn.Module) -> nn.Module:
    """Copy a network with torch's own layers and layout; names and values of the weights stay."""
    plain = deepcopy(network)
    for layers in list(plain.modules()):
        names = list(layers._modules)
        for index, (name, layer) in enumerate(list(layers.named_children())):
            if isinstance(layer, InstanceNorm):
                setattr(layers, name, nn.InstanceNorm2d(layer.num_features))
            elif isinstance(layer, nn.ReLU):
                setattr(layers, name, nn.ReLU(inplace=True))
            elif isinstance(layer, ResizeConv2d | BlockConv2d):
                if isinstance(layer, ResizeConv2d):
                    setattr(layers, names[index - 1], nn.Upsample(scale_factor=2))
                sides = {"kernel_size": layer.kernel_size, "padding": layer.padding}
                convolution = nn.Conv2d(layer.in_channels, layer.out_channels, **sides)
                convolution.weight, convolution.bias = layer.weight, layer.bias
                setattr(layers, name, convolution)
    return plain.to(memory_format=torch.contiguous_format)


class PlainLoop:
    """Training as the paper tells it, of copies of a model's untrained networks.

    Args:
        model (Scadn): Whose weights and settings are taken.
    """

    def __init__(self, model: Scadn) -> None:
        self.settings, self.masks = model, model.stripe_masks
        self.generator = with_torchs_layers(model.model.generator)
        self.discriminator = with_torchs_layers(model.model.discriminator)
        self.generator_adam = torch.optim.Adam(self.generator.parameters(), model.learning_rate, model.betas)
        rate = model.discriminator_learning_rate
        self.discriminator_adam = torch.optim.Adam(self.discriminator.parameters(), rate, model.betas)
        decay = model.ema_decay
        self.average = AveragedModel(self.generator, avg_fn=get_ema_avg_fn(decay)) if decay else None
        self.random = torch.Generator().manual_seed(model.seed or 0)

    @property
    def result(self) -> nn.Module:
        """The generator that is to be used."""
        return self.generator if self.average is None else self.average.module

    def step(self, images: torch.Tensor) -> dict[str, float]:
        """Learn from a batch (SCADN Eq. 1 to 4)."""
        of = self.settings
        images = of.pre_processor.transform(images)
        options = {"repair": of.repair, "crop_size": of.crop_size, "mask_fill": of.model.mask_fill}
        images, given, masks = draw_inputs(images, self.masks, self.random, **options)
        fakes = self.generator(given)
        self.discriminator_adam.zero_grad()
        judged = discriminator_loss(self.discriminator(images), self.discriminator(fakes.detach()))
        judged.backward()
        self.discriminator_adam.step()
        self.generator_adam.zero_grad()
        loss = of.lambda_rec * reconstruction_loss(fakes, images, masks, of.lambda_rm)
        loss = loss + of.lambda_adv * adversarial_loss(self.discriminator(fakes))
        if of.lambda_ssim:
            loss = loss + of.lambda_ssim * structural_loss(fakes, images, masks)
        loss.backward()
        self.generator_adam.step()
        if self.average is not None:
            self.average.update_parameters(self.generator)
        return {"generator_loss": loss.item(), "discriminator_loss": judged.item()}


class PlainInference:
    """Inference as the paper tells it: one striped pass after the other (SCADN Eq. 5 to 10), in single precision.

    Args:
        checkpoint (Path): Of a model with striped passes.
    """

    def __init__(self, checkpoint: Path) -> None:
        self.module = Scadn.load_from_checkpoint(checkpoint).eval()
        self.module.model.generator = with_torchs_layers(self.module.model.generator)

    @torch.inference_mode()
    def predict(self, image: np.ndarray) -> InferenceBatch:
        """Score an image of shape (H, W, 3) and data type uint8."""
        model, of = self.module.model, torch.from_numpy(image).permute(2, 0, 1)[None] / 255
        of = self.module.pre_processor.transform(of).contiguous()
        painted = [model.generator(remove(of, mask, model.mask_fill)) for mask in model.masks]
        found = model.scorer(of, torch.stack(painted, dim=1), model.masks)
        return self.module.post_processor(InferenceBatch(pred_score=found.pred_score, anomaly_map=found.anomaly_map))
