# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Score a data set in many ways; each image is repainted once for all of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from anomalib.data import AnomalibDataset
from torch.nn import functional
from torchvision.transforms.v2.functional import resize

from anomalib_scadn import Scadn
from anomalib_scadn.reference import without_augmentation
from anomalib_scadn.scoring import CompositeScore, PaperScore, build_score
from score_study.quality import quality

PAPER = "paper"

Condensing = tuple[str, tuple[float, ...]]
"""How composites are combined, and the widths that they are smoothed by."""

COMPARED_SIDE = 128
"""Height and width, in pixels, that maps and masks are compared at."""


class Study:
    """Many scores of one trained generator.

    Args:
        model (Scadn): The trained model.
        variants (dict[str, dict[str, Any]]): Arguments of the composite scores by name.
        backbone_weights (Path | None): Weights of the perceptual error's backbone.
    """

    def __init__(self, model: Scadn, variants: dict[str, dict[str, Any]], backbone_weights: Path | None) -> None:
        self._model = model.model.eval()
        shared = {"scales": len(self._model.stripes), "size": self._model.image_size}
        self._errors = tuple(dict.fromkeys(name for variant in variants.values() for name in variant["errors"]))
        self.paper = PaperScore(len(self._model.stripes))
        every = {"errors": self._errors, "standardize": "pixel", "pooling": "max", "top_fraction": 1.0}
        # Compares once for all; those of the same combination and smoothing are condensed once; scores only judge.
        self._compare = build_score("composite", **shared, **every, smoothing=(0.0,), backbone_weights=backbone_weights)
        perceptual = getattr(self._compare, "perceptual", None)
        self._scores = {
            name: CompositeScore(**shared, **variant, perceptual=perceptual) for name, variant in variants.items()
        }
        self._condense = {
            key: CompositeScore(**shared, **every, combine=key[0], smoothing=key[1], perceptual=perceptual)
            for key in map(_condensing, self._scores.values())
        }

    def fit(self, dataset: AnomalibDataset, count: int) -> None:
        """Compute the reference values of all scores.

        Args:
            dataset (AnomalibDataset): Training images; they are taken without their augmentations.
            count (int): Images to take, evenly spread over the data set.
        """
        plain, indices = without_augmentation(dataset, None), spread(len(dataset), count)
        paper = torch.zeros(self.paper.statistics_shape, dtype=torch.double)
        total = {key: torch.zeros(score.statistics_shape, dtype=torch.double) for key, score in self._condense.items()}
        for index in indices:
            inputs = self.reconstruct(plain[index].image)
            paper += self.paper.statistics(*inputs)
            for key, maps in self._maps(*inputs).items():
                total[key] += self._condense[key].standardization.statistics(maps)
        self.paper.fit(paper, len(indices))
        for score in self._scores.values():
            if score.standardization is not None:
                score.fit(total[_condensing(score)][:, self._kinds(score)], len(indices))

    def test(self, dataset: AnomalibDataset, side: int, count: int | None) -> dict[str, dict[str, float | None]]:
        """Measure all scores.

        Args:
            dataset (AnomalibDataset): Test images.
            count (int | None): Images to take, evenly spread over the data set; ``None`` for all.
            side (int): Height and width that maps and masks are compared at, in pixels.

        Returns:
            dict[str, dict[str, float | None]]: Metrics by name, by name of the score.
        """
        scores: dict[str, list[torch.Tensor]] = {name: [] for name in (PAPER, *self._scores)}
        maps: dict[str, list[torch.Tensor]] = {name: [] for name in (PAPER, *self._scores)}
        labels, masks = [], []
        for index in spread(len(dataset), count):
            item = dataset[index]
            labels.append(int(item.gt_label))
            masks.append(_mask(item.gt_mask, side))
            for name, score, anomaly_map in self.judge(item.image):
                scores[name].append(score)
                small = functional.interpolate(anomaly_map, size=(side, side), mode="bilinear", antialias=True)
                maps[name].append(small[0, 0])
        truth = torch.tensor(labels), torch.stack(masks)
        return {name: quality(torch.cat(scores[name]), truth[0], torch.stack(maps[name]), truth[1]) for name in scores}

    @torch.no_grad()
    def reconstruct(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Repaint an image at the model's size.

        Args:
            image (torch.Tensor): Shape (3, H, W), range [0, 1].

        Returns:
            tuple[torch.Tensor, torch.Tensor, torch.Tensor]: What a score takes: images, reconstructions, masks.
        """
        images = image.as_subclass(torch.Tensor)[None]
        if tuple(images.shape[-2:]) != self._model.image_size:
            images = resize(images, list(self._model.image_size), antialias=True)
        return images, self._model.reconstruct(images), self._model.masks

    @torch.no_grad()
    def judge(self, image: torch.Tensor) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
        """Score one image in all ways.

        Args:
            image (torch.Tensor): Shape (3, H, W), range [0, 1].

        Yields:
            tuple[str, torch.Tensor, torch.Tensor]: Name, score of shape (1,), map of shape (1, 1, h, w), both raw.
        """
        inputs = self.reconstruct(image)
        output = self.paper(*inputs)
        yield PAPER, output.pred_score, output.anomaly_map
        maps = self._maps(*inputs)
        for name, score in self._scores.items():
            output = score.judge(maps[_condensing(score)][:, self._kinds(score)])
            yield name, output.pred_score, output.anomaly_map

    @torch.no_grad()
    def _maps(self, *inputs: torch.Tensor) -> dict[Condensing, torch.Tensor]:
        errors = self._compare.compare(*inputs)
        return {key: score.condense(errors) for key, score in self._condense.items()}

    def _kinds(self, score: CompositeScore) -> list[int]:
        return [self._errors.index(name) for name in score.errors]


def _condensing(score: CompositeScore) -> Condensing:
    return score.combine, score.smoothing


def spread(length: int, count: int | None) -> list[int]:
    """Choose indices evenly.

    Args:
        length (int): Length of the data set.
        count (int | None): How many at most; ``None`` for all.

    Returns:
        list[int]: Indices in order.
    """
    chosen = length if count is None else min(count, length)
    return [index * length // chosen for index in range(chosen)]


def _mask(mask: torch.Tensor | None, side: int) -> torch.Tensor:
    if mask is None:
        return torch.zeros(side, side, dtype=torch.bool)
    return functional.interpolate(mask[None, None].float(), size=(side, side), mode="nearest")[0, 0] > 0
