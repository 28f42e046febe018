# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Many scores of the same reconstructions: each image is repainted once for all of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from anomalib.data import AnomalibDataset
from torch.nn import functional
from torchvision.transforms.v2.functional import resize

from anomalib_scadn import CompositeScore, PaperScore, Scadn
from anomalib_scadn.scoring import Score
from anomalib_scadn.training.reference import without_augmentation
from measure import quality

PAPER = "paper"

Condensing = tuple[str, tuple[float, ...]]
"""How composites are combined, and the widths that they are smoothed by."""

COMPARED_SIDE = 128
"""Height and width, in pixels, that maps and masks are compared at."""

SINGLE = ("mse", "ssim", "msgms")

JOINT = (("mse", "ssim"), ("mse", "msgms"), ("mse", "ssim", "msgms"))

ALL_THREE = JOINT[-1]


def make_variants(smoothing: Sequence[float], *, perceptual: bool) -> dict[str, dict[str, Any]]:
    """List the composite scores to compare."""
    kinds = [(name,) for name in (*SINGLE, "perceptual")[: 4 if perceptual else 3]]
    joint = [*JOINT, (*ALL_THREE, "perceptual")][: 4 if perceptual else 3]
    combinations = ("mean", "geometric", "min")
    every = tuple(smoothing)
    if len(every) < 3:
        msg = f"scores are compared with three widths at least, got {every}"
        raise ValueError(msg)
    whole_images = [("mse",), *joint[2:]]
    asked = [
        *((errors, combine, "pixel", "max", every) for errors in (*kinds, *joint) for combine in combinations),
        *((errors, "mean", "global", "max", every) for errors in (*kinds, *joint)),
        *((errors, "mean", "pixel", pooling, every) for errors in whole_images for pooling in ("top", "mean")),
        *((errors, "mean", "pixel", "max", (width,)) for errors in (*kinds, ALL_THREE) for width in every),
        *((errors, combine, "none", "max", (every[2],)) for errors in kinds for combine in combinations),
    ]
    return dict(_variant(*values, every) for values in asked)


def _variant(
    errors: tuple[str, ...],
    combine: str,
    standardize: str,
    pooling: str,
    smoothing: tuple[float, ...],
    every: tuple[float, ...],
) -> tuple[str, dict[str, Any]]:
    arguments = {"errors": errors, "combine": combine, "standardize": standardize, "pooling": pooling}
    name = f"{'+'.join(errors)}, {combine}, {standardize}, {pooling}"
    if smoothing != every:
        name += f", width {every.index(smoothing[0]) + 1}"
    return name, {**arguments, "smoothing": smoothing, "top_fraction": 0.01}


class Study:
    """Many scores of one trained generator.

    Args:
        model (Scadn): The trained model.
        variants (dict[str, dict[str, Any]]): Arguments of the composite scores by name.
        backbone_weights (Path | None): Weights of the perceptual error's backbone.
    """

    def __init__(self, model: Scadn, variants: dict[str, dict[str, Any]], backbone_weights: Path | None) -> None:
        self._model = model.model.eval()
        self._errors = tuple(dict.fromkeys(name for variant in variants.values() for name in variant["errors"]))
        self.paper = self._prepare(PaperScore())
        every = {"errors": self._errors, "standardize": "pixel", "pooling": "max", "top_fraction": 1.0}
        # Compares once for all; those of the same combination and smoothing are condensed once; scores only judge.
        self._compare = self._prepare(CompositeScore(**every, smoothing=(0.0,), backbone_weights=backbone_weights))
        self._scores = {name: self._prepare_alone(**variant) for name, variant in variants.items()}
        self._condense = {
            key: self._prepare_alone(**every, combine=key[0], smoothing=key[1])
            for key in map(_condensing, self._scores.values())
        }

    def _prepare(self, score: Score) -> Score:
        return score.prepare(len(self._model.stripes), self._model.image_size)

    def _prepare_alone(self, **options: object) -> CompositeScore:
        """Make a score that is given errors, and needs no backbone to compare with."""
        score = self._prepare(CompositeScore(**options, backbone_weights="checkpoint"))
        score.perceptual = None
        return score

    def fit(self, dataset: AnomalibDataset, count: int) -> None:
        """Compute the reference values of all scores."""
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
        """Measure all scores."""
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
        """Repaint an image at the model's size."""
        images = image.as_subclass(torch.Tensor)[None]
        if tuple(images.shape[-2:]) != self._model.image_size:
            images = resize(images, list(self._model.image_size), antialias=True)
        return images, self._model.reconstruct(images), self._model.masks

    @torch.no_grad()
    def judge(self, image: torch.Tensor) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
        """Score one image in all ways."""
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
    """Choose indices evenly."""
    chosen = length if count is None else min(count, length)
    return [index * length // chosen for index in range(chosen)]


def _mask(mask: torch.Tensor | None, side: int) -> torch.Tensor:
    if mask is None:
        return torch.zeros(side, side, dtype=torch.bool)
    return functional.interpolate(mask[None, None].float(), size=(side, side), mode="nearest")[0, 0] > 0
