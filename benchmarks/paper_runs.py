# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The runs of the paper's experiments and of the demo: what each result file holds, and what makes it."""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch
import yaml

from ablation import ABLATION, FULL, TESTED
from anomalib_scadn import OneClass
from anomalib_scadn.cli.configs import config_path
from anomalib_scadn.data.one_class_files import folder_of
from experiment import SEED, Figures, find_images, measure_variant, train
from options import Options, refuse
from paper_tables import (
    CLASSES,
    PAPER,
    TABLES_OF,
    published,
)
from provenance import fingerprint, folder_fingerprint, machine
from store import Job, Metrics, settings_of

LACE = "lace"
CATEGORIES = {"table1": "laceAD", "table2": "mvtec", "table3": "mvtec"}


class Experiment(NamedTuple):
    """Runs that share a result file.

    Attributes:
        file (str): Name of the result file without suffix.
        settings (dict[str, Any]): What all runs have in common.
        data (dict[str, str]): Fingerprints of the data by name.
        jobs (list[Job]): The runs.
        describe (Callable[[], dict[str, str | int]]): Describes what a run was made on.
    """

    file: str
    settings: dict[str, Any]
    data: dict[str, str]
    jobs: list[Job]
    describe: Callable[[], dict[str, str | int]] = machine


def train_once(config: Path, options: Options, figures: Figures | None) -> list[Metrics]:
    """Train and test once."""
    trained = train(config, options)
    if figures is not None:
        figures.keep("scadn", options, trained)
    return [trained.metrics]


def jobs_of(
    config: Path, shared: Options, option: str, figures: dict[str, Figures | None], seeds: list[int]
) -> list[Job]:
    """List a training for each seed and each value that an option takes, which is a key of the figures."""
    return [
        ([f"{value}/{seed}"], partial(train_once, config, {**shared, option: value, SEED: seed}, kept))
        for seed in seeds
        for value, kept in figures.items()
    ]


def make_categories(arguments: argparse.Namespace, extra: list[str], changes: Options) -> list[Experiment]:
    """Tables 1 to 3: a training for each category and seed."""
    config = config_path(CATEGORIES[arguments.experiment])
    root, table = arguments.root, arguments.experiment.removeprefix("table")
    categories = arguments.categories or list(PAPER[table]["categories"])
    missing = [name for name in categories if not (root / name / "train" / "good").is_dir()]
    if missing:
        msg = f"--root {root} has no train/good for {', '.join(missing)}; expected ROOT/CATEGORY/train/good, "
        msg += "name those that there are with --categories"
        raise ValueError(msg)
    data = {name: folder_fingerprint(root / name) for name in categories}
    named = f"_{arguments.name}" if arguments.name else ""
    figures = {name: figures_of(arguments, f"{name}{named}", data[name], config) for name in categories}
    jobs = jobs_of(config, {"data.root": root, **changes}, "data.category", figures, arguments.seeds)
    settings = {**settings_of(config, extra), "paper": published(*TABLES_OF[config.name])}
    return [Experiment(f"paper_{arguments.name or CATEGORIES[arguments.experiment]}", settings, data, jobs)]


def make_ablation(arguments: argparse.Namespace, extra: list[str], changes: Options) -> list[Experiment]:
    """Table 4: five trainings and seven rows for each seed, a result file for each data set."""
    if not arguments.config.is_file():
        msg = f"no configuration {arguments.config}"
        raise FileNotFoundError(msg)
    found = [parse_data(text, arguments.config) for text in arguments.data]
    refuse(changes, ("data.root", "data.category") if any(where for *_, where in found) else ())
    paper = {row: {"image_AUROC": value} for row, value in PAPER["4"].items()}
    experiments = []
    for data, config, where in found:
        name = f"{data}_{arguments.name}" if arguments.name else data
        options = {**where, **changes}
        files = {data: folder_fingerprint(find_images(config, options))}
        figures = figures_of(arguments, name, files[data], config)
        jobs = [
            (
                [f"{one}/{seed}" for one in ([row, *TESTED] if row == FULL else [row])],
                partial(train_row, row, config, {**options, SEED: seed}, figures),
            )
            for seed in arguments.seeds
            for row in ABLATION
            if row not in TESTED
        ]
        settings = {**settings_of(config, extra), "paper": paper}
        experiments.append(Experiment(f"ablation_{name}", settings, files, jobs))
    return experiments


def train_row(row: str, config: Path, options: Options, figures: Figures | None) -> list[Metrics]:
    """Train a row of Table 4; measure with ``"full"`` those that differ in inference only."""
    trained = train(config, {**options, **ABLATION[row].changes})
    found = {row: trained}
    for name in TESTED if row == FULL else []:
        found[name] = measure_variant(trained, config, {**options, **ABLATION[name].changes})
    for name, measured in found.items() if figures is not None else []:
        figures.keep(name, {**options, **ABLATION[name].changes}, measured)
    return [measured.metrics for measured in found.values()]


def parse_data(text: str, folder_config: Path) -> tuple[str, Path, Options]:
    """Take apart what ``--data`` was given."""
    if text == LACE:
        return LACE, config_path("demo"), {}
    name, _, folder = text.partition("=")
    path = Path(folder).expanduser().resolve()
    if not name or not folder or not (path / "train" / "good").is_dir():
        msg = f"--data must be lace or NAME=ROOT/CATEGORY with images in ROOT/CATEGORY/train/good, got {text!r}"
        raise ValueError(msg)
    return name, folder_config, {"data.root": path.parent, "data.category": path.name}


def make_one_class(arguments: argparse.Namespace, extra: list[str], changes: Options) -> list[Experiment]:
    """Table 5: a training for each class and seed."""
    dataset, config = arguments.dataset, config_path("one_class")
    shared: Options = {"data.root": arguments.root, "data.dataset": dataset, **changes}
    # The data are read, or downloaded if that was asked for, before anything trains.
    download = str(shared.get("data.download", "false")).lower() == "true"
    OneClass(root=arguments.root, dataset=dataset, download=download).prepare_data()
    root = arguments.root.expanduser()
    data = {dataset: fingerprint([folder_of(root, dataset)], root)}
    whole = {"mean": {"image_AUROC": PAPER["5"][dataset]["mean"]}} if dataset in PAPER["5"] else {}
    paper = {**{name: {} for name in sorted(CLASSES)}, **whole}
    named = f"{dataset}_{arguments.name}" if arguments.name else dataset
    figures = {
        number: figures_of(arguments, f"{named}_{number}", data[dataset], config) for number in arguments.classes
    }
    jobs = jobs_of(config, shared, "data.normal_class", figures, arguments.seeds)
    settings = {"dataset": dataset, **settings_of(config, extra), "paper": paper}
    return [Experiment(f"one_class_{arguments.name or dataset}", settings, data, jobs)]


def make_demo(arguments: argparse.Namespace, extra: list[str], changes: Options) -> list[Experiment]:
    """Train through the command line: the whole command with validation, test and pictures is timed."""
    config = config_path("demo")
    trainer = yaml.safe_load(config.read_text(encoding="utf-8")).get("trainer") or {}
    # The command runs in a process of its own, which this one cannot ask.
    accelerator = changes.get("trainer.accelerator", trainer.get("accelerator", "auto"))
    cuda = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    jobs = [([str(seed)], partial(train_by_command, config, seed, extra)) for seed in arguments.seeds]
    describe = partial(machine, cuda=cuda)
    return [Experiment(f"train_{arguments.name or 'demo'}", settings_of(config, extra), {}, jobs, describe)]


def train_by_command(config: Path, seed: int, extra: list[str]) -> list[Metrics]:
    """Run ``anomalib train``, and read the metrics that it logged."""
    with tempfile.TemporaryDirectory() as folder:
        logger = ["--trainer.logger", "lightning.pytorch.loggers.CSVLogger", "--trainer.logger.save_dir", folder]
        command = [sys.executable, "-m", "anomalib_scadn", "train", "--config", str(config), "--model.seed", str(seed)]
        start = time.perf_counter()
        subprocess.run([*command, *logger, "--default_root_dir", folder, *extra], check=True)
        seconds = time.perf_counter() - start
        table = pd.read_csv(next(Path(folder).rglob("metrics.csv")))
    last = table.filter(regex="AUROC|F1Score").ffill().iloc[-1]
    return [{**{name: round(float(value), 4) for name, value in last.items()}, "seconds": round(seconds, 1)}]


def figures_of(arguments: argparse.Namespace, name: str, files: str, config: Path) -> Figures | None:
    """Say where the figures of some data go, if they are asked for."""
    return Figures(arguments.figures, name, files, config) if arguments.figures else None
