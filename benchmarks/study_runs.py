# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Single runs of the studies, given as plain values: what a process of its own does."""

import time
from pathlib import Path
from typing import Any

import torch

from anomalib_scadn import CompositeScore, PaperScore
from anomalib_scadn.scoring import Score
from anomalib_scadn.torch_model import ScadnModel
from measure import seconds_of
from score_tables import SHIPPED, SHIPPED_FOR_CLASSES
from scores import COMPARED_SIDE, Study, make_variants
from training import OPTIONS, Option, make_data, make_model, train, train_once

COMPARED = ("mse, mean, pixel, max", SHIPPED, SHIPPED_FOR_CLASSES)
"""Scores beside the paper's that ways to train are compared by."""


def score(job: dict[str, Any], folder: str, decided_by: dict[str, Any]) -> dict[str, Any]:
    """Train a generator, or load it, and measure all scores; the folder keeps it with what decided its weights."""
    model = make_model(Path(job["config"]), Option(), seed=job["seed"], reference_images=1, **job["changes"])
    data = make_data(job["data"], model.input_size[0], Option())
    train_s = train_once(model, data, job["steps"], Path(folder) / "generator.pt", decided_by)
    trained = time.perf_counter()
    weights = Path(job["backbone_weights"]) if job["backbone_weights"] else None
    study = Study(model, make_variants(job["smoothing"], perceptual=weights is not None), weights)
    study.fit(data.train_data, job["reference_images"])
    metrics = study.test(data.test_data, COMPARED_SIDE, job["test_images"])
    return {"metrics": metrics, "train_s": train_s, "score_s": time.perf_counter() - trained}


def option(job: dict[str, Any], name: str) -> dict[str, Any]:
    """Train in one way, a key of ``OPTIONS``, and measure a few scores."""
    chosen, start = OPTIONS[name], time.perf_counter()
    model = make_model(Path(job["config"]), chosen, seed=job["seed"], reference_images=1, **job["changes"])
    data = make_data(job["data"], model.input_size[0], chosen)
    train(model, data, job["steps"])
    seconds = time.perf_counter() - start
    variants = make_variants(job["smoothing"], perceptual=False)
    study = Study(model, {name: variants[name] for name in COMPARED}, None)
    study.fit(data.train_data, job["reference_images"])
    return {"metrics": study.test(data.test_data, COMPARED_SIDE, job["test_images"]), "train_s": seconds}


def make_scores(model: ScadnModel, backbone_weights: Path | None) -> dict[str, Score]:
    """Make the scores to time, by name."""
    alone = {"standardize": "none", "smoothing": 4.0}
    made: dict[str, Score] = {"paper": PaperScore()}
    made |= {name: CompositeScore(errors=(name,), **alone) for name in ("mse", "ssim", "msgms")}
    made["mse+ssim+msgms, standardized, four widths"] = CompositeScore()
    if backbone_weights is not None:
        made["perceptual"] = CompositeScore(errors=("perceptual",), **alone, backbone_weights=backbone_weights)
    return {name: score.prepare(len(model.stripes), model.image_size) for name, score in made.items()}


@torch.no_grad()
def time_scores(
    image_size: int, base_channels: int, repeats: int, backbone_weights: Path | None
) -> dict[str, list[float]]:
    """Time the twelve passes, ``"passes"``, and each score on their reconstructions: seconds, one per repeat."""
    side = image_size
    model = ScadnModel((side, side), base_channels, adversarial=False, seed=0).eval()
    scores = make_scores(model, backbone_weights)
    image = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    found: dict[str, list[float]] = {name: [] for name in ("passes", *scores)}
    reconstructions = model.reconstruct(image)
    for score in scores.values():
        score(image, reconstructions, model.masks)
    for _ in range(repeats):
        found["passes"].append(seconds_of(lambda: model.reconstruct(image)))
        for name, score in scores.items():
            found[name].append(seconds_of(lambda score=score: score(image, reconstructions, model.masks)))
    return found
