# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Many scores of the same reconstructions, each image repainted once for all of them; their times, what they see."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from anomalib.data import AnomalibDataset
from PIL import Image
from torchvision.transforms.v2.functional import resize

from anomalib_scadn import CompositeScore, PaperScore, Scadn
from anomalib_scadn.masks import composites
from anomalib_scadn.masks.sizes import Passes
from anomalib_scadn.scoring import Score
from anomalib_scadn.torch_model import ScadnModel
from anomalib_scadn.training.reference import without_augmentation
from data import reduce_mask
from measure import Scored, measure_areas, reduce_map, seconds_of
from pictures import draw_grid, save_figure
from score_tables import SHIPPED
from training import Option, make_data, make_model

PAPER = "paper"

ONCE, BARE_ONCE = "one pass in place of the twelve, and its composite score", "one pass in place of the twelve"

Condensing = tuple[str, tuple[float, ...]]
"""How composites are combined, and the widths that they are smoothed by."""

PICTURED = {f"{errors}, mean, pixel, max": errors for errors in ("mse", "ssim", "msgms")} | {SHIPPED: "all three"}
"""Scores beside the paper's that are drawn, and the titles of their columns."""

COMPARED_SIDE = 128
"""Height and width, in pixels, that maps and masks are compared at."""

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "scores.png"

SINGLE = ALL_THREE = ("mse", "ssim", "msgms")
JOINT = (("mse", "ssim"), ("mse", "msgms"), ALL_THREE)


def make_variants(smoothing: Sequence[float], *, perceptual: bool) -> dict[str, dict[str, Any]]:
    """List the arguments of the composite scores to compare."""
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
    variants = {}
    for errors, *how, widths in asked:
        name = ", ".join(["+".join(errors), *how])
        if widths != every:
            name += f", width {every.index(widths[0]) + 1}"
        arguments = dict(zip(("combine", "standardize", "pooling"), how, strict=True))
        variants[name] = {"errors": errors, **arguments, "smoothing": widths, "top_fraction": 0.01}
    return variants


class Study:
    """Many scores of one trained generator: the paper's, and composite ones by name, given by their arguments."""

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
            masks.append(reduce_mask(item.gt_mask, side))
            for name, score, anomaly_map in self.judge(item.image):
                scores[name].append(score)
                maps[name].append(reduce_map(anomaly_map, side)[0, 0])
        truth, masks = torch.tensor(labels), torch.stack(masks)
        scored = {name: Scored(torch.cat(scores[name]), truth, torch.stack(maps[name]), masks) for name in scores}
        return {name: measure_areas(found) for name, found in scored.items()}

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


@torch.no_grad()
def time_scores(
    image_size: int, base_channels: int, repeats: int, backbone_weights: Path | None
) -> dict[str, list[float]]:
    """Time the twelve passes, ``"passes"``, each score on their reconstructions, and one pass with and without its own.

    Returns:
        dict[str, list[float]]: Seconds, one per repeat.
    """
    size = (image_size, image_size)
    model, once = (
        ScadnModel(size, base_channels, adversarial=False, passes=p, seed=0).eval() for p in get_args(Passes)
    )
    alone = {"standardize": "none", "smoothing": 4.0}
    scores = {"paper": PaperScore()}
    scores |= {name: CompositeScore(errors=(name,), **alone) for name in ("mse", "ssim", "msgms")}
    scores["mse+ssim+msgms, standardized, four widths"] = CompositeScore()
    if backbone_weights is not None:
        scores["perceptual"] = CompositeScore(errors=("perceptual",), **alone, backbone_weights=backbone_weights)
    scores = {name: score.prepare(len(model.stripes), model.image_size) for name, score in scores.items()}
    image = torch.rand(1, 3, image_size, image_size, generator=torch.Generator().manual_seed(0))
    reconstructions = model.reconstruct(image)
    for score in scores.values():
        score(image, reconstructions, model.masks)
    once.score(image)
    found: dict[str, list[float]] = {name: [] for name in ("passes", *scores, BARE_ONCE, ONCE)}
    for _ in range(repeats):
        found["passes"].append(seconds_of(lambda: model.reconstruct(image)))
        for name, score in scores.items():
            found[name].append(seconds_of(lambda score=score: score(image, reconstructions, model.masks)))
        found[BARE_ONCE].append(seconds_of(lambda: once.reconstruct(image)))
        found[ONCE].append(seconds_of(lambda: once.score(image)))
    return found


def draw_scores(arguments: Namespace) -> None:
    """Draw what scores see on drawn lace: a row for a flawless image and for each kind of defect."""
    model, picture = make_model(arguments.config, Option()), arguments.picture
    model.model.generator.load_state_dict(torch.load(arguments.weights, weights_only=True))
    data = make_data("lace", model.input_size[0], Option())
    variants = make_variants(model.model.scorer.smoothing, perceptual=False)
    study = Study(model, {name: variants[name] for name in PICTURED}, None)
    study.fit(data.train_data, 100)
    kinds = data.test_data.samples["label"].drop_duplicates().sort_values(key=lambda kinds: kinds.replace("good", ""))
    rows = [collect(study, data.test_data, index, model.model.masks) for index in kinds.index]
    columns = []
    for title in rows[0]:
        pictures, options = [row[title] for row in rows], {}
        if title not in ("image", "repainted"):
            options["cmap"] = "inferno"
        if title in ("paper", *PICTURED.values()):  # each score has its own range
            options |= {"vmin": min(map(np.min, pictures)), "vmax": max(map(np.max, pictures))}
        columns.append((title, pictures, options))
    save_figure(draw_grid(columns, list(kinds), "What scores see"), picture)
    with Image.open(picture) as drawn:  # panels as large as the model's images
        small = drawn.convert("RGB").resize((drawn.width * 5 // 8, drawn.height * 5 // 8), Image.Resampling.LANCZOS)
    small.save(picture, optimize=True)
    print(picture)


def collect(study: Study, dataset: AnomalibDataset, index: int, masks: torch.Tensor) -> dict[str, np.ndarray]:
    """Make the pictures of a row."""
    item = dataset[index]
    painted = composites(study.reconstruct(item.image)[1], masks)[0].flatten(0, 1).mean(dim=0)
    row = {"image": item.image, "repainted": painted}
    pictures = {name: picture.as_subclass(torch.Tensor).permute(1, 2, 0).numpy() for name, picture in row.items()}
    pictures["defect"] = np.zeros(pictures["image"].shape[:2]) if item.gt_mask is None else item.gt_mask.numpy()
    titles = {PAPER: "paper", **PICTURED}
    return pictures | {titles[name]: anomaly_map[0, 0].numpy() for name, _, anomaly_map in study.judge(item.image)}
