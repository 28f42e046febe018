# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One run of a comparison, in a process of its own: fit a model with a seed, time, score, judge, write.

A run's folder is ``OUTPUT/DATA/MODEL/seedK``. A run that is complete there, with the same configuration and versions,
is not done again.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import torch
from anomalib.engine import Engine
from anomalib.models.components import AnomalibModule
from lightning.pytorch import seed_everything

from anomalib_scadn.files import write_whole
from data import LACE, drawn_fingerprint, fingerprint, list_test_images, make_datamodule, read_test_image
from measure import Scored, measure_quality, measure_size, measure_times, score_test_images, seconds_of
from models import ANOMALIB_MODELS, BASELINE_ARGUMENTS, Built, anomalib_model, configured, scadn_settings
from pictures import draw
from provenance import machine, named_hash, peak_memory, same_where_recorded, versions
from store import run_folder, save

FILES = ("scores.csv", "examples.npz", "examples.png", "extremes.png", "result.json")
"""What a finished run has left in its folder; ``result.json`` is written last."""

DRAWN = "drawn_files"
"""Name of the fingerprint of drawn images."""

TIMED_IMAGES = 8


@dataclass(frozen=True)
class Job:
    """What one process of the comparison does: a model and a seed on a data set, and all that decides the result."""

    data: str
    root: Path | None
    """Folder of the data; of ``"lace"`` where to draw, ``None`` for the user's cache folder."""
    model: str
    seed: int
    image_size: int
    """Side of the images that every model takes, and of all maps when they are compared."""
    scadn_config: Path
    backbone_weights: Path | None
    """Of anomalib's models; ``None`` leaves them random."""
    coreset_ratio: float
    repeats: int
    folder: Path
    train_images: int | None = None
    """Of MNIST the first of the class; ``None`` for all. ``test_images`` are the first of its test split."""
    test_images: int | None = None
    accelerator: str = "cpu"

    @property
    def results(self) -> Path:
        """Folder of this run's results."""
        return run_folder(self.folder, self.data, self.model, self.seed)

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
            settings = scadn_settings(self.scadn_config)
            if "accelerator" in settings["trainer"]:  # the comparison's own overrules it
                settings["trainer"]["accelerator"] = self.accelerator
            if self.model != "scadn":
                own = settings["model"]
                settings["model"] = {name: own[name] for name in own if name in BASELINE_ARGUMENTS}
            return {**found, "scadn": settings}
        found["backbone_weights"] = named_hash(self.backbone_weights) if self.backbone_weights else "random"
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


def build(job: Job, folder: Path) -> Built:
    """Make a model with the Engine and the data that it is fitted with; the Engine writes into the folder."""
    shared = {"train_images": job.train_images, "test_images": job.test_images}
    engine_options = {"accelerator": job.accelerator, "devices": 1}
    if job.model in ANOMALIB_MODELS:
        model = anomalib_model(job.model, job.image_size, job.coreset_ratio, job.backbone_weights)
        engine = Engine(**engine_options, logger=False, default_root_dir=folder)
        return engine, model, make_datamodule(job.data, job.root, job.image_size, **shared)
    changes = {"model.seed": job.seed, "model.image_size": job.image_size, "trainer.logger": "false"}
    changes |= {f"trainer.{name}": value for name, value in engine_options.items()}
    engine, model, data = configured(job.model, job.scadn_config, folder, changes)
    shared |= {name: getattr(data, name) for name in ("train_batch_size", "eval_batch_size", "train_augmentations")}
    return engine, model, make_datamodule(job.data, job.root, job.image_size, **shared)


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
    cost = {"imports_mib": imports_mib, "peak_mib": peak_memory()}
    cost |= {"gpu_peak_mib": torch.cuda.max_memory_allocated() / 2**20} if torch.cuda.is_initialized() else {}
    cost |= measure_size(model, images[0])
    scored = score_test_images(model, samples, job.image_size)
    if job.configuration() != configuration:
        msg = f"the images of {job.data}, the configuration or the weights changed during the run; run it again"
        raise RuntimeError(msg)
    made_with, found = versions(), machine(cuda=job.accelerator == "cuda")
    counts = {"test_good": int((scored.labels == 0).sum()), "test_defect": int(scored.labels.sum())}
    result = {
        "configuration": configuration,
        "input_size": list(model.input_size),
        "images": {"train": len(datamodule.train_data), **counts},
        "metrics": measure_quality(scored),
        "times": times,
        "cost": cost,
        "machine": {name: value for name, value in found.items() if name not in made_with},
        "versions": made_with,
    }
    keep(job.results, result, f"{job.model}, {job.data}", model, scored)
    return result


def keep(folder: Path, result: dict[str, Any], title: str, model: AnomalibModule, scored: Scored) -> None:
    """Write scores and pictures of a run, and last its result: where it is, the others belong to it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").unlink(missing_ok=True)
    names = [sample.name for sample in scored.samples]
    table = pd.DataFrame({"path": names, "gt_label": scored.labels.tolist(), "pred_score": scored.scores.tolist()})
    write_whole(folder / "scores.csv", table.to_csv(index=False, lineterminator="\n").encode())
    draw(folder, title, model, scored)
    save(folder / "result.json", result)
