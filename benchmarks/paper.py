# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The paper's experiments and the demo, beside the paper's numbers.

    python benchmarks/paper.py table1 --root datasets/LaceAD      # image AUROC, the paper's settings, for a GPU
    python benchmarks/paper.py table2 --root datasets/MVTecAD     # image AUROC
    python benchmarks/paper.py table3 --root datasets/MVTecAD     # mean of each image's pixel AUROC, the same runs
    python benchmarks/paper.py table4 --data lace fabric_03=DIR/fabric_03 --seeds 0 1 2    # the ablation
    python benchmarks/paper.py table5 mnist --root DIR            # one-class MNIST, CIFAR-10 and Fashion-MNIST
    python benchmarks/paper.py demo --seeds 0 1 2                 # anomalib train, the whole command timed
    python benchmarks/paper.py table2 --root DIR --categories screw --name small -- --model.base_channels 8

What follows ``--`` goes to anomalib and changes the configuration. Runs that the result file in ``benchmarks/results``
or ``--results`` has are not run again. ``--figures DIR`` keeps scores and pictures of every run made now, which
``python benchmarks/report DIR`` shows. Nothing is downloaded.

Table 4: ``lace`` is drawn as ``configs/demo_paper.yaml`` says, folders in the layout of MVTec AD are read as
``--config`` says. Table 5: the root holds torchvision's files; ``--config configs/scadn_plus_one_class.yaml`` takes the
composite score.
"""

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

import paper_tables
from anomalib_scadn import OneClass
from anomalib_scadn.cli.configs import config_path
from anomalib_scadn.data.one_class_files import folder_of
from experiment import SEED, Figures, Options, find_images, measure_variant, read_arguments, refuse, train
from layout import markdown
from provenance import fingerprint, folder_fingerprint, machine
from store import Describe, Job, Metrics, add_command, end, run_missing, settings_of

LACE = "lace"
CATEGORIES = {"table1": "laceAD", "table2": "mvtec", "table3": "mvtec"}


class Experiment(NamedTuple):
    """Runs that share a result file, named without suffix; data are told by fingerprints, each run is described."""

    file: str
    settings: dict[str, Any]
    data: dict[str, str]
    jobs: list[Job]
    describe: Describe = machine


def make_categories(arguments: argparse.Namespace, extra: list[str], changes: Options) -> list[Experiment]:
    """Tables 1 to 3: a training for each category and seed."""
    config = config_path(CATEGORIES[arguments.experiment])
    root, table = arguments.root, arguments.experiment.removeprefix("table")
    categories = arguments.categories or list(paper_tables.PAPER[table]["categories"])
    missing = [name for name in categories if not (root / name / "train" / "good").is_dir()]
    if missing:
        msg = f"--root {root} has no train/good for {', '.join(missing)}; expected ROOT/CATEGORY/train/good, "
        msg += "name those that there are with --categories"
        raise ValueError(msg)
    data = {name: folder_fingerprint(root / name) for name in categories}
    named = f"_{arguments.name}" if arguments.name else ""
    figures = {name: Figures(arguments.figures, f"{name}{named}", data[name], config) for name in categories}
    jobs = jobs_of(config, {"data.root": root, **changes}, "data.category", figures, arguments.seeds)
    settings = {**settings_of(config, extra), "paper": paper_tables.published(*paper_tables.TABLES_OF[config.name])}
    return [Experiment(f"paper_{arguments.name or CATEGORIES[arguments.experiment]}", settings, data, jobs)]


def make_ablation(arguments: argparse.Namespace, extra: list[str], changes: Options) -> list[Experiment]:
    """Table 4: five trainings and seven rows for each seed, a result file for each data set."""
    check_config(arguments.config)
    found = [parse_data(text, arguments.config) for text in arguments.data]
    refuse(changes, ("data.root", "data.category") if any(where for *_, where in found) else ())
    paper = {row: {"image_AUROC": value} for row, value in paper_tables.PAPER["4"].items()}
    experiments = []
    for data, config, where in found:
        name = f"{data}_{arguments.name}" if arguments.name else data
        options = {**where, **changes}
        files = {data: folder_fingerprint(find_images(config, options))}
        figures = Figures(arguments.figures, name, files[data], config)
        jobs = []
        for seed in arguments.seeds:
            for row in (row for row in paper_tables.ABLATION if row not in paper_tables.TESTED):
                together = [row, *paper_tables.TESTED] if row == paper_tables.FULL else [row]
                rows = {one: {**options, SEED: seed, **paper_tables.ABLATION[one].changes} for one in together}
                jobs.append(([f"{one}/{seed}" for one in rows], partial(train_rows, config, rows, figures)))
        settings = {**settings_of(config, extra), "paper": paper}
        experiments.append(Experiment(f"ablation_{name}", settings, files, jobs))
    return experiments


def check_config(config: Path) -> None:
    """Raise if there is no such configuration."""
    if not config.is_file():
        msg = f"no configuration {config}"
        raise FileNotFoundError(msg)


def parse_data(text: str, folder_config: Path) -> tuple[str, Path, Options]:
    """Take apart what ``--data`` was given."""
    if text == LACE:
        return LACE, config_path("demo_paper"), {}
    name, _, folder = text.partition("=")
    path = Path(folder).expanduser().resolve()
    if not name or not folder or not (path / "train" / "good").is_dir():
        msg = f"--data must be lace or NAME=ROOT/CATEGORY with images in ROOT/CATEGORY/train/good, got {text!r}"
        raise ValueError(msg)
    return name, folder_config, {"data.root": path.parent, "data.category": path.name}


def train_rows(config: Path, rows: dict[str, Options], figures: Figures) -> list[Metrics]:
    """Train the first of some rows; measure with its weights the others, which differ in inference only."""
    found, trained = [], None
    for row, options in rows.items():
        measured = measure_variant(trained, config, options) if trained else train(config, options)
        trained = trained or measured
        figures.keep(row, options, measured)
        found.append(measured.metrics)
    return found


def make_one_class(arguments: argparse.Namespace, extra: list[str], changes: Options) -> list[Experiment]:
    """Table 5: a training for each class and seed."""
    dataset, config = arguments.dataset, arguments.config
    check_config(config)
    shared: Options = {"data.root": arguments.root, "data.dataset": dataset, **changes}
    # The data are read, or downloaded if that was asked for, before anything trains.
    download = str(shared.get("data.download", "false")).lower() == "true"
    OneClass(root=arguments.root, dataset=dataset, download=download).prepare_data()
    root = arguments.root.expanduser()
    data = {dataset: fingerprint([folder_of(root, dataset)], root)}
    published = paper_tables.PAPER["5"].get(dataset)
    paper = {name: {} for name in sorted(paper_tables.CLASSES)}
    paper |= {"mean": {"image_AUROC": published["mean"]}} if published else {}
    named = f"{dataset}_{arguments.name}" if arguments.name else dataset
    kept = partial(Figures, arguments.figures, files=data[dataset], config=config)
    figures = {number: kept(f"{named}_{number}") for number in arguments.classes}
    jobs = jobs_of(config, shared, "data.normal_class", figures, arguments.seeds)
    settings = {"dataset": dataset, **settings_of(config, extra), "paper": paper}
    return [Experiment(f"one_class_{arguments.name or dataset}", settings, data, jobs)]


def jobs_of(config: Path, shared: Options, option: str, figures: dict[Any, Figures], seeds: list[int]) -> list[Job]:
    """List a training for each seed and each value that an option takes, which is a key of the figures."""
    return [
        ([f"{value}/{seed}"], partial(train_rows, config, {"scadn": {**shared, option: value, SEED: seed}}, kept))
        for seed in seeds
        for value, kept in figures.items()
    ]


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
    last = table.filter(regex="^(?!synthetic).*(AUROC|F1Score)").ffill().iloc[-1]
    return [{**{name: round(float(value), 4) for name, value in last.items()}, "seconds": round(seconds, 1)}]


def make_parser() -> argparse.ArgumentParser:
    """Make the command line, a subcommand for each experiment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="experiment", required=True)

    def add(name: str, make: Callable, own: tuple[str, ...], table: Callable, **defaults: object) -> Callable:
        command = add_command(commands, name, make, own=(SEED, *own), table=table)
        command.add_argument("--seeds", type=int, nargs="+", default=[0])
        command.add_argument("--name", help="name of the result file, or, of Table 4, what is added to it")
        command.add_argument("--figures", type=Path, help="where to keep scores and pictures of every run made now")
        command.set_defaults(**defaults)
        return command.add_argument

    for name in CATEGORIES:
        argument = add(name, make_categories, ("data.root", "data.category"), paper_tables.paper_table)
        argument("--root", type=Path, required=True, help="root of the data set")
        argument("--categories", nargs="+", help="folders in the root; all of the paper's if left out")
    argument = add("table4", make_ablation, paper_tables.OPTIONS, paper_tables.ablation_table)
    argument("--data", nargs="+", default=[LACE], metavar="lace|NAME=ROOT/CATEGORY")
    argument("--config", type=Path, default=config_path("cpu"), help="for folders; cpu.yaml if left out")
    own = ("data.root", "data.dataset", "data.normal_class")
    argument = add("table5", make_one_class, own, paper_tables.one_class_table, seeds=[0, 1, 2])
    argument("dataset", choices=["mnist", "cifar10", "fashion_mnist"])
    argument("--root", type=Path, required=True, help="folder of torchvision's files")
    argument("--config", type=Path, default=config_path("one_class"), help="one_class.yaml, the paper's, if left out")
    argument("--classes", type=int, nargs="+", choices=range(10), default=list(range(10)))
    own = ("trainer.logger", "default_root_dir")
    add("demo", make_demo, own, lambda results: paper_tables.demo_table(*results.values()))
    return parser


def main() -> None:
    """Run what is missing and print the table."""
    parser = make_parser()
    arguments, extra, changes = read_arguments(parser)
    results, failed = {}, []
    try:
        for one in arguments.do(arguments, extra, changes):
            path = arguments.results / f"{one.file}.json"
            result, broken = run_missing(path, one.settings, one.jobs, one.data, one.describe)
            results[one.file.partition("_")[2]] = result
            failed += broken
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(markdown(*arguments.table(results)))
    end(failed)


if __name__ == "__main__":
    main()
