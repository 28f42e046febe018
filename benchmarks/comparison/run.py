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

from anomalib_scadn.files import write_whole
from comparison.cost import device_memory, measure_size, measure_times, seconds_of
from comparison.data import Sample, list_test_images, read_test_image, read_test_mask
from comparison.examples import choose_examples, collect, draw_examples, save_examples, save_figure
from comparison.extremes import choose_extremes, draw_extremes
from comparison.job import Job
from comparison.metrics import measure_quality
from comparison.models import build, predict_raw
from machines import machine, versions
from process_memory import peak_memory
from runs import save

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
        configuration = job.configuration()
        fit_s = seconds_of(lambda: engine.fit(model, datamodule=datamodule))
    model.to(job.accelerator).eval()  # the host moves it back to the processor
    samples = list_test_images(datamodule)
    step = max(1, len(samples) // TIMED_IMAGES)
    images = [read_test_image(sample) for sample in samples[::step][:TIMED_IMAGES]]
    times = {"fit_s": fit_s, **measure_times(model, images, job.repeats)}
    # Before the metrics, which need memory that is not the model's.
    cost = {"imports_mib": imports_mib, "peak_mib": peak_memory(), **device_memory(), **measure_size(model, images[0])}
    scores, maps = score_test_images(model, samples, job.image_size)
    masks = torch.stack([read_test_mask(sample, job.image_size) for sample in samples])
    labels = torch.tensor([sample.label for sample in samples])
    if job.configuration() != configuration:
        msg = f"the images of {job.data}, the configuration or the weights changed during the run; run it again"
        raise RuntimeError(msg)
    result = {
        "configuration": configuration,
        "input_size": list(model.input_size),
        "images": {
            "train": len(datamodule.train_data),
            "test_good": int((labels == 0).sum()),
            "test_defect": int(labels.sum()),
        },
        "metrics": measure_quality(scores, labels, maps, masks),
        "times": times,
        "cost": cost,
        **describe(job),
    }
    job.results.mkdir(parents=True, exist_ok=True)
    write_scores(job.results / "scores.csv", samples, scores)
    draw(job.results, f"{job.model}, {job.data}", model, samples, scores, maps, masks)
    save(job.results / "result.json", result)
    return result


def describe(job: Job) -> dict[str, dict[str, str | int]]:
    """Describe what a run is measured on.

    Args:
        job (Job): The run.

    Returns:
        dict[str, dict[str, str | int]]: ``machine`` and ``versions``.
    """
    made_with = versions()
    found = machine(cuda=job.accelerator == "cuda")
    return {
        "machine": {name: value for name, value in found.items() if name not in made_with},
        "versions": made_with,
    }


def draw(
    folder: Path,
    title: str,
    model: AnomalibModule,
    samples: list[Sample],
    scores: torch.Tensor,
    maps: torch.Tensor | None,
    masks: torch.Tensor,
) -> None:
    """Draw some test images: the same for every model, and those that this one separates best and worst.

    Args:
        folder (Path): Folder of the run's results.
        title (str): Stands above each picture.
        model (AnomalibModule): Fitted model.
        samples (list[Sample]): All test images.
        scores (torch.Tensor): Their scores, shape (N,).
        maps (torch.Tensor | None): Their maps, shape (N, H, W), if the model has any.
        masks (torch.Tensor): Their masks, shape (N, H, W).
    """
    save_examples(folder / "examples.npz", collect(model, samples, choose_examples(samples), maps, masks))
    draw_examples(folder / "examples.npz", folder / "examples.png", title)
    groups = choose_extremes(scores, torch.tensor([sample.label for sample in samples]))
    chosen = [place for group in groups.values() for place in group]
    figure = draw_extremes(groups, collect(model, samples, chosen, maps, masks), scores[chosen].tolist(), title)
    save_figure(figure, folder / "extremes.png")


def score_test_images(
    model: AnomalibModule, samples: list[Sample], side: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Score all test images.

    Args:
        model (AnomalibModule): Fitted model.
        samples (list[Sample]): The images.
        side (int): Height and width of the maps in pixels.

    Returns:
        tuple[torch.Tensor, torch.Tensor | None]: Raw scores, shape (N,), and raw maps, shape (N, side, side), resized
            bilinearly from the model's own size, or ``None`` if the model has none.
    """
    scores, maps = [], []
    for start in range(0, len(samples), SCORING_BATCH):
        images = [read_test_image(sample) for sample in samples[start : start + SCORING_BATCH]]
        output = predict_raw(model, images)
        scores.append(output.pred_score.flatten().float().cpu())
        if output.anomaly_map is None:
            continue
        found = output.anomaly_map.float().reshape(len(images), 1, *output.anomaly_map.shape[-2:])
        if found.shape[-2:] != (side, side):
            found = functional.interpolate(found, size=(side, side), mode="bilinear", antialias=True)
        maps.append(found[:, 0].cpu())
    return torch.cat(scores), torch.cat(maps) if maps else None


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
    write_whole(path, text.getvalue().encode())
