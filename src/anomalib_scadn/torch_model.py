# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN's inference as one PyTorch module: remove, repaint, compare, score (SCADN Eq. 5 to 10).

Not in the paper: the generator may also be given the whole image once. What it changes is anomalous.
"""

from collections.abc import Sequence
from typing import get_args

import torch
from anomalib.data import InferenceBatch
from torch import nn

from .checks import check_choice, check_count, check_image_shape, check_share
from .masks import composites, inference_masks, remove
from .masks.sizes import Passes, count_scales, images_at_once
from .networks import Discriminator, Generator, Residual, apply, check_input_size, initial_weights
from .scoring import CompositeScore, PaperScore, Score, ScoreOutput, as_score


class InferenceModel(nn.Module):
    """Networks that turn images of one size into scores; a base of all models here.

    Args:
        image_size (tuple[int, int]): Height and width in pixels, multiples of 8, at least 24.

    Attributes:
        training_only (tuple[str, ...]): Names of the networks that inference has no use for.
        has_maps (bool): Whether scores come with maps.

    Raises:
        ValueError: If the size is impossible.
    """

    training_only: tuple[str, ...] = ()
    has_maps: bool = True

    def __init__(self, image_size: tuple[int, int]) -> None:
        super().__init__()
        check_input_size(image_size)
        self.image_size = (image_size[0], image_size[1])

    def check_images(self, images: torch.Tensor) -> None:
        """Raise unless the model can take these images.

        Args:
            images (torch.Tensor): Shape (N, 3, H, W) with the model's image size, range [0, 1].

        Raises:
            ValueError: If the images have another shape.
        """
        check_image_shape(images.shape, self.image_size)


class ScadnModel(InferenceModel):
    """Generator, masks and score; the discriminator rides along for training.

    Args:
        image_size (tuple[int, int]): Height and width in pixels, multiples of 8, at least 24.
            Defaults to ``(512, 512)``.
        base_channels (int): Channels of the networks' first layers. Defaults to ``64``.
        stripes (Sequence[int]): Stripes across the image, one even number per scale.
            Defaults to ``(4, 8, 16)``, the paper's S1, S2, S3.
        mask_fill (float): Value of removed pixels, range [0, 1]. Defaults to ``0.0`` (paper; authors' code: 1.0).
        score (Score | None): How reconstructions become maps and scores; a copy is taken. Defaults to ``None``, see
            :func:`choose_score`.
        residual_blocks (int): Residual blocks of the generator. Defaults to ``8``, the paper's.
        residual (Literal["full", "separable"]): Their convolutions, see
            :class:`~anomalib_scadn.networks.ResidualBlock`. Defaults to ``"full"``, the paper's.
        adversarial (bool): Whether there is a discriminator. Defaults to ``True``.
        passes (Literal["striped", "once"]): What the generator is given: each striped mask's rest of an image, or the
            whole image once. Defaults to ``"striped"``, the paper's.
        passes_at_once (int | None): Masked images that go through the generator at once, in an exported graph for each
            image of a batch; results do not depend on it. Defaults to ``None``: as many as a 512 x 512 image has
            pixels.
        seed (int | None): Seed of the initial weights. Defaults to ``None``: torch's global generator.

    Raises:
        ValueError: If an argument is impossible; the message names the value and the valid ones.
    """

    masks: torch.Tensor
    training_only = ("discriminator",)

    def __init__(
        self,
        image_size: tuple[int, int] = (512, 512),
        base_channels: int = 64,
        stripes: Sequence[int] = (4, 8, 16),
        mask_fill: float = 0.0,
        score: Score | None = None,
        *,
        residual_blocks: int = 8,
        residual: Residual = "full",
        adversarial: bool = True,
        passes: Passes = "striped",
        passes_at_once: int | None = None,
        seed: int | None = None,
    ) -> None:
        check_count(1, base_channels=base_channels, passes_at_once=passes_at_once)
        check_count(0, residual_blocks=residual_blocks)
        check_choice(get_args(Residual), residual=residual)
        check_share(mask_fill=mask_fill)
        super().__init__(image_size)
        self.stripes = tuple(stripes)
        self.mask_fill = mask_fill
        self.passes_at_once = passes_at_once or images_at_once(image_size)
        self.passes = passes
        # Derived from size and stripes, so neither saved nor loaded.
        self.register_buffer("masks", inference_masks(image_size, stripes, passes), persistent=False)
        self.scorer = choose_score(score, passes).prepare(count_scales(stripes, passes), image_size)
        with initial_weights(seed):
            self.generator = Generator(base_channels, residual_blocks, residual)
            self.discriminator = Discriminator(base_channels) if adversarial else None
        # The layout that convolutions run fastest in, on CPU and GPU; values are the same.
        self.to(memory_format=torch.channels_last)

    def forward(self, images: torch.Tensor) -> InferenceBatch:
        """Score images (SCADN Eq. 5 to 10).

        Args:
            images (torch.Tensor): I, shape (N, 3, H, W) with the model's image size, range [0, 1].

        Returns:
            InferenceBatch: ``pred_score`` of shape (N,) and ``anomaly_map`` of shape (N, 1, H, W), both raw errors.

        Raises:
            ValueError: If the images have another shape.
        """
        output = self.score(images)
        return InferenceBatch(pred_score=output.pred_score, anomaly_map=output.anomaly_map)

    def score(self, images: torch.Tensor) -> ScoreOutput:
        """Score images and keep what led there: each scale's map and the chosen scale.

        Args:
            images (torch.Tensor): As in :meth:`forward`.

        Returns:
            ScoreOutput: Maps and scores.

        Raises:
            ValueError: If the images have another shape.
        """
        parts = [self.scorer(part, self.reconstruct(part), self.masks) for part in self._split(images)]
        return ScoreOutput(*(torch.cat(field) for field in zip(*parts, strict=True)))

    def statistics(self, images: torch.Tensor) -> torch.Tensor:
        """Sum over normal images what the score's reference values are made of.

        Args:
            images (torch.Tensor): As in :meth:`forward`.

        Returns:
            torch.Tensor: A sum over images, float64 on the CPU, see :meth:`anomalib_scadn.scoring.Score.statistics`.
        """
        total = torch.zeros(self.scorer.statistics_shape, dtype=torch.double)
        for part in self._split(images):
            total += self.scorer.statistics(part, self.reconstruct(part), self.masks)
        return total

    def reconstruct(self, images: torch.Tensor) -> torch.Tensor:
        """Repaint images once per mask: Î_ij = G(I ⊙ M_ij) (SCADN Eq. 5); G(I) where nothing is removed.

        Args:
            images (torch.Tensor): As in :meth:`forward`.

        Returns:
            torch.Tensor: Î_ij, shape (N, 4 * S, 3, H, W), or (N, 1, 3, H, W) if asked once, range [0, 1], the images'
                dtype.
        """
        # An exported graph has a symbolic batch, which cannot be split: it is the masks that are.
        return torch.cat([self._repaint(images, masks) for masks in self.masks.split(self.passes_at_once)], dim=1)

    def paint(self, masked: torch.Tensor) -> torch.Tensor:
        """Repaint images once, in the precision of the weights.

        Args:
            masked (torch.Tensor): I ⊙ M, or images with anomalies, or I itself, shape (N, 3, H, W), range [0, 1].

        Returns:
            torch.Tensor: Î, shape (N, 3, H, W), range [0, 1], the images' dtype.
        """
        return apply(self.generator, masked).to(masked.dtype)

    def judge(self, images: torch.Tensor) -> torch.Tensor:
        """Judge images once, in the precision of the weights.

        Args:
            images (torch.Tensor): Real or painted images, shape (N, 3, H, W), range [0, 1].

        Returns:
            torch.Tensor: Logits of their patches, shape (N, 1, H // 8 - 2, W // 8 - 2).

        Raises:
            ValueError: If the model was made without a discriminator.
        """
        if self.discriminator is None:
            msg = "this model was made without a discriminator (adversarial is False)"
            raise ValueError(msg)
        return apply(self.discriminator, images)

    def composites(self, images: torch.Tensor) -> torch.Tensor:
        """Repaint images: every pixel comes from the striped pass in which it was removed, or all from the one pass.

        Args:
            images (torch.Tensor): As in :meth:`forward`.

        Returns:
            torch.Tensor: Shape (N, S, 2, 3, H, W): scale, then direction (vertical, horizontal), range [0, 1];
                (N, 1, 1, 3, H, W) if asked once.
        """
        return torch.cat([composites(self.reconstruct(part), self.masks) for part in self._split(images)])

    def _split(self, images: torch.Tensor) -> Sequence[torch.Tensor]:
        """Split a batch so that one part's reconstructions stay within the memory that a pass may take."""
        self.check_images(images)
        if torch.compiler.is_exporting():  # an exported graph has a symbolic batch, which cannot be split
            return [images]
        return images.split(max(1, self.passes_at_once // self.masks.shape[0]))

    def _repaint(self, images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        masked = remove(images.unsqueeze(1), masks, self.mask_fill).flatten(0, 1)
        chunks = [masked] if torch.compiler.is_exporting() else masked.split(self.passes_at_once)
        return torch.cat([self.paint(chunk) for chunk in chunks]).unflatten(0, (-1, masks.shape[0]))


def choose_score(score: Score | None, passes: Passes) -> Score:
    """Take a score that suits the passes, or the default one.

    Args:
        score (Score | None): A score, or ``None``: the paper's :class:`~anomalib_scadn.scoring.PaperScore` for striped
            passes, a :class:`~anomalib_scadn.scoring.CompositeScore` for one pass.
        passes (Literal["striped", "once"]): What the generator is given.

    Returns:
        Score: A copy.

    Raises:
        ValueError: If the score needs removed stripes, and there are none.
    """
    chosen = as_score(score or (CompositeScore() if passes == "once" else PaperScore()))
    if passes == "once" and chosen.needs_stripes:
        msg = (
            f"{type(chosen).__name__} compares where stripes were removed (SCADN Eq. 6), and passes='once' removes "
            "none: give a CompositeScore, score=None for the default one, or passes='striped'"
        )
        raise ValueError(msg)
    return chosen
