# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One run of a comparison, in a process of its own: fit a model with a seed, time, score, judge, write.

A run's folder is ``OUTPUT/DATA/MODEL/seedK``. A run that is complete there, with the same configuration and versions,
is not done again.
"""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from anomalib.data import AnomalibDataModule
from anomalib.engine import Engine
from anomalib.models.components import AnomalibModule
from lightning.pytorch import seed_everything

from anomalib_scadn.files import write_whole
from data import (
    LACE,
    Sample,
    drawn_fingerprint,
    fingerprint,
    list_test_images,
    make_datamodule,
    read_test_image,
    read_test_mask,
)
from measure import device_memory, measure_quality, measure_size, measure_times, score_test_images, seconds_of
from models import ANOMALIB_MODELS, anomalib_model, configured, scadn_settings, shared_settings
from pictures import draw
from provenance import machine, named_hash, peak_memory, same_where_recorded, versions
from store import save

FILES = ("scores.csv", "examples.npz", "examples.png", "extremes.png", "result.json")
"""What a finished run has left in its folder; ``result.json`` is written last."""

DRAWN = "drawn_files"
"""Name of the fingerprint of drawn images."""

TIMED_IMAGES = 8


@dataclass(frozen=True)
class Job:
    """What one process of the comparison does; made of plain values, so that it can be passed as JSON.

    Args:
        data (str): Name of the data set.
        root (str | None): Its folder; for ``"lace"`` where to draw, ``None`` for the user's cache folder.
        model (str): Name of the model.
        seed (int): Seed of everything.
        image_size (int): Side, in pixels, of the images that every model takes and of all maps when they are compared.
        scadn_config (str): Configuration file of SCADN.
        backbone_weights (str | None): File of anomalib's models' backbone; ``None`` leaves it random.
        coreset_ratio (float): Share of the features that PatchCore keeps, range (0, 1].
        repeats (int): Timed repeats.
        folder (str): Folder of the results.
        train_images (int | None): Training images of MNIST, the first of the class. Defaults to ``None``, all.
        test_images (int | None): Test images of MNIST, the first of its test split. Defaults to ``None``, all.
        accelerator (str): ``"cpu"`` or ``"cuda"``. Defaults to ``"cpu"``.
    """

    data: str
    root: str | None
    model: str
    seed: int
    image_size: int
    scadn_config: str
    backbone_weights: str | None
    coreset_ratio: float
    repeats: int
    folder: str
    train_images: int | None = None
    test_images: int | None = None
    accelerator: str = "cpu"

    @property
    def results(self) -> Path:
        """Folder of this run's results."""
        return run_folder(Path(self.folder), self.data, self.model, self.seed)

    def configuration(self) -> dict[str, Any]:
        """Collect all that decides the result, without the place of anything on this machine."""
        found = {
            "data": self.data,
            "files": fingerprint(self.data, self.root, self.image_size),
            "model": self.model,
            "seed": self.seed,
            "image_size": self.image_size,
            "repeats": self.repeats,
        }
        if self.data == LACE:
            found[DRAWN] = drawn_fingerprint(self.root, self.image_size)
        if self.accelerator != "cpu":
            found["accelerator"] = self.accelerator
        counts = {"train_images": self.train_images, "test_images": self.test_images}
        found |= {name: count for name, count in counts.items() if count is not None}
        if self.model not in ANOMALIB_MODELS:
            settings = scadn_settings(Path(self.scadn_config))
            if "accelerator" in settings["trainer"]:  # the comparison's own overrules it
                settings["trainer"]["accelerator"] = self.accelerator
            return {**found, "scadn": settings if self.model == "scadn" else shared_settings(settings)}
        weights = Path(self.backbone_weights) if self.backbone_weights else None
        found["backbone_weights"] = named_hash(weights) if weights else "random"
        return {**found, "coreset_ratio": self.coreset_ratio} if self.model == "patchcore" else found

    def finished(self) -> dict[str, Any] | None:
        """Read the result of this run, if it was made with the same configuration and versions and is complete."""
        if not all((self.results / name).is_file() for name in FILES):
            return None
        try:
            result = json.loads((self.results / "result.json").read_text(encoding="utf-8"))
        except ValueError:
            return None
        recorded, wanted = result.get("configuration", {}), json.loads(json.dumps(self.configuration()))
        if DRAWN not in recorded:  # older results do not have it
            wanted.pop(DRAWN, None)
        same = recorded == wanted and same_where_recorded(result.get("versions", {}), versions())
        return result if same else None


def run_folder(folder: Path, data: str, model: str, seed: int) -> Path:
    """Say where a run's files lie."""
    return folder / data / model / f"seed{seed}"


def build(job: Job, folder: Path) -> tuple[Engine, AnomalibModule, AnomalibDataModule]:
    """Make a model with the Engine and the data that it is fitted with; the Engine writes into the folder."""
    shared = {"train_images": job.train_images, "test_images": job.test_images}
    engine_options = {"accelerator": job.accelerator, "devices": 1}
    if job.model in ANOMALIB_MODELS:
        model = anomalib_model(job.model, job.image_size, job.coreset_ratio, job.backbone_weights)
        engine = Engine(**engine_options, logger=False, default_root_dir=folder)
        return engine, model, make_datamodule(job.data, job.root, job.image_size, **shared)
    changes = {"model.seed": job.seed, "model.image_size": job.image_size, "trainer.logger": "false"}
    changes |= {f"trainer.{name}": value for name, value in engine_options.items()}
    engine, model, data = configured(job.model, Path(job.scadn_config), folder, changes)
    batches = {
        "train_batch_size": data.train_batch_size,
        "eval_batch_size": data.eval_batch_size,
        "train_augmentations": data.train_augmentations,
    }
    return engine, model, make_datamodule(job.data, job.root, job.image_size, **batches, **shared)


def run(job: Job) -> dict[str, Any]:
    """Do a run and write its files; ``result.json``, whose contents are returned, comes last."""
    imports_mib = peak_memory()
    # What an earlier run with another configuration left must not pass for this one's.
    (job.results / "result.json").unlink(missing_ok=True)
    with TemporaryDirectory() as folder:
        seed_everything(job.seed, workers=True, verbose=False)
        engine, model, datamodule = build(job, Path(folder))
        seed_everything(job.seed, workers=True, verbose=False)
        datamodule.prepare_data()
        configuration = job.configuration()
        fit_s = seconds_of(lambda: engine.fit(model, datamodule=datamodule))
    model.to(job.accelerator).eval()  # anomalib moves it back to the processor
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
        "images": {"train": len(datamodule.train_data), **count_labels(labels)},
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


def count_labels(labels: torch.Tensor) -> dict[str, int]:
    """Count the test images of both classes."""
    return {"test_good": int((labels == 0).sum()), "test_defect": int(labels.sum())}


def run_worker(job: dict[str, Any]) -> None:
    """Do a run that is given as plain values."""
    run(Job(**job))


def describe(job: Job) -> dict[str, dict[str, str | int]]:
    """Describe what a run is measured on."""
    made_with = versions()
    found = machine(cuda=job.accelerator == "cuda")
    return {
        "machine": {name: value for name, value in found.items() if name not in made_with},
        "versions": made_with,
    }


def write_scores(path: Path, samples: list[Sample], scores: torch.Tensor) -> None:
    """Write the table of scores."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "label", "pred_score"])
    for sample, score in zip(samples, scores.tolist(), strict=True):
        writer.writerow([sample.name, sample.label, repr(score)])
    write_whole(path, text.getvalue().encode())
