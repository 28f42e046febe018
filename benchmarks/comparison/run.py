# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Does one run of the comparison: fit, time, score, judge, write; meant for a process of its own."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from anomalib.models.components import AnomalibModule
from lightning.pytorch import seed_everything
from torch.nn import functional

from comparison.cost import measure_size, measure_times, seconds_of
from comparison.data import Sample, list_test_images, read_test_image, read_test_mask
from comparison.examples import choose_examples, draw_examples, save_examples
from comparison.job import Job
from comparison.metrics import measure_quality
from comparison.models import build, predict_raw
from deploy import peak_memory
from runs import PACKAGES, machine, save

SCORING_BATCH = 8
TIMED_IMAGES = 8


def run(job: Job) -> dict[str, Any]:
    """Do a run and write its files; ``result.json`` comes last.

    Args:
        job (Job): What to do.

    Returns:
        dict[str, Any]: Contents of ``result.json``.
    """
    imports_mib = peak_memory()
    # What an earlier run with another configuration left must not pass for this one's.
    (job.results / "result.json").unlink(missing_ok=True)
    seed_everything(job.seed, workers=True, verbose=False)
    with TemporaryDirectory() as folder:
        engine, model, datamodule = build(job, Path(folder))
        seed_everything(job.seed, workers=True, verbose=False)
        datamodule.prepare_data()
        fit_s = seconds_of(lambda: engine.fit(model, datamodule=datamodule))
    model.eval()
    samples = list_test_images(datamodule)
    step = max(1, len(samples) // TIMED_IMAGES)
    images = [read_test_image(sample) for sample in samples[::step][:TIMED_IMAGES]]
    times = {"fit_s": fit_s, **measure_times(model, images, job.repeats)}
    # Before the metrics, which need memory that is not the model's.
    cost = {"imports_mib": imports_mib, "peak_mib": peak_memory(), **measure_size(model, images[0])}
    scores, maps = score_test_images(model, samples, job.image_size)
    masks = torch.stack([read_test_mask(sample, job.image_size) for sample in samples])
    labels = torch.tensor([sample.label for sample in samples])
    described = machine()
    result = {
        "configuration": job.configuration(),
        "input_size": list(model.input_size),
        "images": {
            "train": len(datamodule.train_data),
            "test_good": int((labels == 0).sum()),
            "test_defect": int(labels.sum()),
        },
        "metrics": measure_quality(scores, labels, maps, masks),
        "times": times,
        "cost": cost,
        "machine": {name: value for name, value in described.items() if name not in (*PACKAGES, "python")},
        "versions": {name: described[name] for name in ("python", *PACKAGES)},
    }
    job.results.mkdir(parents=True, exist_ok=True)
    write_scores(job.results / "scores.csv", samples, scores)
    chosen = choose_examples(samples)
    save_examples(job.results / "examples.npz", model, samples, chosen, maps, masks)
    draw_examples(job.results / "examples.npz", job.results / "examples.png", f"{job.model}, {job.data}")
    save(job.results / "result.json", result)
    return result


def score_test_images(model: AnomalibModule, samples: list[Sample], side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Score all test images.

    Args:
        model (AnomalibModule): Fitted model.
        samples (list[Sample]): The images.
        side (int): Height and width of the maps in pixels.

    Returns:
        tuple[torch.Tensor, torch.Tensor]: Raw scores, shape (N,), and raw maps, shape (N, side, side), resized
            bilinearly from the model's own size.
    """
    scores, maps = [], []
    for start in range(0, len(samples), SCORING_BATCH):
        images = [read_test_image(sample) for sample in samples[start : start + SCORING_BATCH]]
        output = predict_raw(model, images)
        scores.append(output.pred_score.flatten().float())
        found = output.anomaly_map.float().reshape(len(images), 1, *output.anomaly_map.shape[-2:])
        if found.shape[-2:] != (side, side):
            found = functional.interpolate(found, size=(side, side), mode="bilinear", antialias=True)
        maps.append(found[:, 0])
    return torch.cat(scores), torch.cat(maps)


def write_scores(path: Path, samples: list[Sample], scores: torch.Tensor) -> None:
    """Write the table of scores.

    Args:
        path (Path): File with the columns path (relative to the root of the data), label (0 or 1) and pred_score.
        samples (list[Sample]): The images.
        scores (torch.Tensor): Raw scores, shape (N,).
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "label", "pred_score"])
    for sample, score in zip(samples, scores.tolist(), strict=True):
        writer.writerow([sample.name, sample.label, repr(score)])
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text.getvalue(), encoding="utf-8")
    temporary.replace(path)
