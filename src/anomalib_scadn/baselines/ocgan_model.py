# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""OCGAN's four networks (Perera et al. 2019, Section 3 and "Network Architecture").

Left open by the sources, and chosen here (SCADN used code made for other image sizes):
    - Encoder, decoder, visual discriminator and classifier for large images: SCADN's encoder, decoder and PatchGAN.
    - The latent space: a map with ``latent_channels`` values in (-1, 1) at an eighth of the image's size.
    - The latent discriminator has the source's widths, SCADN's leaky activations, and no batch norm: a batch may hold a
      single image.
"""

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import nn

from anomalib_scadn.networks import Discriminator, Generator, apply, to_images

from .torch_model import ReconstructionModel

LATENT_WIDTHS = (128, 64, 32, 16)
"""Hidden layers of the latent discriminator."""


class LatentDecoder(nn.Module):
    """De: paints an image from a latent map.

    Args:
        latent_channels (int): Channels of the latent map.
        generator (Generator): Whose decoder is taken.
        channels (int): Channels that the decoder takes.
    """

    def __init__(self, latent_channels: int, generator: Generator, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(latent_channels, channels, 1), generator.decoder)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        """Decode.

        Args:
            latents (torch.Tensor): Shape (N, L, H / 8, W / 8), range [-1, 1].

        Returns:
            torch.Tensor: Shape (N, 3, H, W), range [0, 1].
        """
        return to_images(self.layers(latents))


class LatentAutoencoder(nn.Module):
    """En and De with a latent space bounded by tanh.

    Args:
        base_channels (int): Channels of the first layer.
        latent_channels (int): Channels of the latent map.
    """

    def __init__(self, base_channels: int, latent_channels: int) -> None:
        super().__init__()
        generator, channels = Generator(base_channels, residual_blocks=0), 8 * base_channels
        self.encoder = nn.Sequential(generator.encoder, nn.Conv2d(channels, latent_channels, 1), nn.Tanh())
        self.decoder = LatentDecoder(latent_channels, generator, channels)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Encode and decode images, shape (N, 3, H, W), range [0, 1]."""
        return self.decoder(self.encoder(images))


class LatentDiscriminator(nn.Sequential):
    """D_l: tells encoded images from uniform samples.

    Args:
        size (int): d, values of a latent map.
    """

    def __init__(self, size: int) -> None:
        layers: list[tuple[str, nn.Module]] = [("flatten", nn.Flatten())]
        for place, (wide, narrow) in enumerate(pairwise((size, *LATENT_WIDTHS))):
            layers += [(f"layer{place}", nn.Linear(wide, narrow)), (f"relu{place}", nn.LeakyReLU(0.2))]
        super().__init__(OrderedDict([*layers, ("judgement", nn.Linear(LATENT_WIDTHS[-1], 1))]))


class OcganModel(ReconstructionModel):
    """OCGAN's networks; only the autoencoder scores.

    Args:
        image_size (tuple[int, int]): Height and width in pixels, multiples of 8, at least 24.
        base_channels (int): Channels of the networks' first layers. Defaults to ``64``.
        latent_channels (int): Channels of the latent map. Defaults to ``32``.
    """

    training_only = ("latent_discriminator", "visual_discriminator", "classifier")

    def __init__(self, image_size: tuple[int, int], base_channels: int = 64, latent_channels: int = 32) -> None:
        super().__init__(image_size)
        height, width = image_size
        self.autoencoder = LatentAutoencoder(base_channels, latent_channels)
        self.latent_discriminator = LatentDiscriminator(latent_channels * (height // 8) * (width // 8))
        self.visual_discriminator = Discriminator(base_channels)
        self.classifier = Discriminator(base_channels)

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Encode images, shape (N, 3, H, W), to latent maps, shape (N, L, H / 8, W / 8), range [-1, 1]."""
        return apply(self.autoencoder.encoder, images)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Decode latent maps, shape (N, L, H / 8, W / 8), to images, shape (N, 3, H, W), range [0, 1]."""
        return apply(self.autoencoder.decoder, latents)

    def reconstruct(self, images: torch.Tensor) -> torch.Tensor:
        """Encode and decode images. See :meth:`ReconstructionModel.reconstruct`."""
        return apply(self.autoencoder, images)
