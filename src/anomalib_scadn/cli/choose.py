# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The subcommand ``choose``: train configurations in both ways, and take the best one without a single defect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anomalib.data import AnomalibDataModule
from anomalib.data.utils import LabelName
from anomalib.engine import Engine
from anomalib.models.components import AnomalibModule
from jsonargparse import ArgumentParser

from anomalib_scadn.checks import check_count

from .configs import config_path

WAYS = (1.0, 0.0)
"""Values of ``repair``: trained to repair, and trained on stripes."""

COLUMNS = {
    "repair_rate": "repair rate",
    "synthetic_image_AUROC": "synthetic image AUROC",
    "synthetic_PerImagePixelAUROC": "synthetic per-image pixel AUROC",
}
"""What is shown of each training, all on synthetic anomalies; the first decides, the next where it is equal."""

CLOSE = 0.05
"""Difference of two trainings that different seeds make too (docs/repair.md: 0.052 on solar cells)."""

FEW_IMAGES = 20
"""Normal validation images below which there are not five anomalies of each filling."""


@dataclass(frozen=True)
class Candidate:
    """A trained configuration.

    Args:
        name (str): Name of the configuration.
        repair (float): Share of the training images that were to be repaired.
        metrics (dict[str, float]): What the last validation logged.
        weights (str): Checkpoint.
        images (int): Normal validation images.
    """

    name: str
    repair: float
    metrics: dict[str, float]
    weights: str
    images: int

    @property
    def rank(self) -> tuple[float, ...]:
        """What candidates are compared by, the better the higher."""
        return tuple(self.metrics[name] for name in COLUMNS)


def add_choose_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``choose``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    parser.add_subclass_arguments(
        AnomalibDataModule, "data", required=True, help="Images; batch sizes are the configurations'."
    )
    names = ["scadn_repair", "scadn_repair_crops"]
    parser.add_argument(
        "--configs", type=list[str], default=names, help="Shipped configurations by name, or files: '[a,b]'."
    )
    parser.add_argument("--max_steps", type=int | None, default=None, help="Training steps, if not as configured.")
    parser.add_argument("--output", type=Path, default=Path("results/choose"), help="Folder of the trained models.")


def choose(options: Mapping[str, Any], make_data: Callable[[], AnomalibDataModule]) -> Candidate:
    """Train every configuration in both ways, say how well each repairs, and which one to take.

    Args:
        options (Mapping[str, Any]): Values of the arguments of ``choose``, by name.
        make_data (Callable[[], AnomalibDataModule]): Makes the data module anew for each training.

    Returns:
        Candidate: The one to take.

    Raises:
        FileNotFoundError: If a configuration does not exist.
        ValueError: If there is no configuration, or a training logged no repair rate.
    """
    files = _find(options["configs"])
    check_count(1, max_steps=options["max_steps"])
    tried = [(file, repair) for file in files for repair in WAYS]
    built = [_build(file, repair, options) for file, repair in tried]  # nothing is trained if one cannot be
    found = [
        _train(file, repair, *engine_and_model, make_data())
        for (file, repair), engine_and_model in zip(tried, built, strict=True)
    ]
    best, second = sorted(found, key=lambda candidate: candidate.rank, reverse=True)[:2]
    print("\n".join([*_table(found), *_verdict(best, second)]), flush=True)
    return best


def _table(found: list[Candidate]) -> list[str]:
    """Lay out what was found."""
    width = max(len("configuration"), *(len(one.name) for one in found))
    lines = [f"{'configuration':{width}}  repair  {'  '.join(COLUMNS.values())}"]
    for one in found:
        values = "  ".join(f"{one.metrics[name]:{len(title)}.3f}" for name, title in COLUMNS.items())
        lines.append(f"{one.name:{width}}  {one.repair:6}  {values}")
    return lines


def _verdict(best: Candidate, second: Candidate) -> list[str]:
    """Say which configuration to take, and how sure that is."""
    deciding = next((name for name in COLUMNS if best.metrics[name] != second.metrics[name]), next(iter(COLUMNS)))
    values = [one.metrics[deciding] for one in (best, second)]
    lines = []
    if best.images < FEW_IMAGES:
        lines.append(
            f"Only {best.images} normal images were validated, too few to be sure. "
            "--data.val_split_mode from_train --data.val_split_ratio 0.3 takes more, out of the training images."
        )
    if values[0] - values[1] < CLOSE:
        lines.append(f"The best two differ by less than {CLOSE}: another seed may turn them round.")
    taken = (
        f"Take {best.name} with --model.repair {best.repair}: on synthetic anomalies its {COLUMNS[deciding]} is "
        f"{values[0]:.3f}; that of the next best, {second.name} with --model.repair {second.repair}, is "
        f"{values[1]:.3f}. Its weights are in {best.weights}"
    )
    return [*lines, taken]


def _find(names: list[str]) -> list[Path]:
    """Find configurations by name or path, each once."""
    files = [Path(name) if Path(name).is_file() else config_path(name) for name in names]
    stems = {file.stem for file in files}
    if not files or len(stems) < len(files):
        msg = f"configs must name at least one configuration, each by another name, got {names}"
        raise ValueError(msg)
    return files


def _build(file: Path, repair: float, options: Mapping[str, Any]) -> tuple[Engine, AnomalibModule, AnomalibDataModule]:
    """Make engine and model as a configuration says, and the data module that its batch sizes are taken from."""
    changes: dict[str, Any] = {"model.repair": repair, "model.visualizer": False, "trainer.logger": False}
    if options["max_steps"] is not None:
        steps = options["max_steps"]
        whole = {"trainer.max_epochs": -1, "trainer.check_val_every_n_epoch": "null"}
        changes |= {"trainer.max_steps": steps, "trainer.val_check_interval": steps, **whole}
    folder = options["output"] / f"{file.stem}_{repair}"
    return Engine.from_config(file, default_root_dir=str(folder), **changes)


def _train(
    file: Path,
    repair: float,
    engine: Engine,
    model: AnomalibModule,
    configured: AnomalibDataModule,
    data: AnomalibDataModule,
) -> Candidate:
    data.train_batch_size, data.eval_batch_size = configured.train_batch_size, configured.eval_batch_size
    engine.fit(model, datamodule=data)
    logged = engine.trainer.callback_metrics
    if not set(COLUMNS) <= set(logged):
        msg = (
            f"{file} with repair = {repair} logged no {', '.join(COLUMNS)}: it ended before its first validation, or "
            f"no validation image of {data.name} is normal"
        )
        raise ValueError(msg)
    images = int((data.val_data.samples["label_index"] != LabelName.ABNORMAL).sum())
    metrics = {name: float(logged[name]) for name in COLUMNS}
    return Candidate(file.stem, repair, metrics, str(engine.best_model_path), images)
