# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Train through the command line, once per seed, and keep what it measured.

    python benchmarks/train.py demo --config configs/demo.yaml --seeds 0 1 2
    python benchmarks/train.py fabric_03 --config configs/cpu.yaml -- --data.root DIR --data.category fabric_03

What follows ``--`` goes to ``anomalib train``.

Writes ``benchmarks/results/train_NAME.json``: the command, the machine, the versions, and for each seed the host's
metrics and the seconds that the whole command took. Seeds that the file has are not run again.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import pandas as pd
import torch
import yaml

from fingerprints import folder_fingerprint
from host_arguments import Options, read_arguments
from machines import machine
from runs import RESULTS, Metrics, end, run_missing, settings_of


def run(config: Path, seed: int, extra: list[str]) -> Metrics:
    """Train and test once, in a process of its own.

    Args:
        config (Path): Configuration file.
        seed (int): The model's seed.
        extra (list[str]): Further arguments of ``anomalib train``.

    Returns:
        Metrics: The host's test metrics, and ``seconds``.

    Raises:
        subprocess.CalledProcessError: If training fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        logger = ["--trainer.logger", "lightning.pytorch.loggers.CSVLogger", "--trainer.logger.save_dir", folder]
        command = [sys.executable, "-m", "anomalib_scadn", "train", "--config", str(config), "--model.seed", str(seed)]
        start = time.perf_counter()
        subprocess.run([*command, *logger, "--default_root_dir", folder, *extra], check=True)
        seconds = time.perf_counter() - start
        table = pd.read_csv(next(Path(folder).rglob("metrics.csv")))
    last = table.filter(regex="AUROC|F1Score").ffill().iloc[-1]
    return {**{name: round(float(value), 4) for name, value in last.items()}, "seconds": round(seconds, 1)}


def data_of(config: Path, options: Options) -> dict[str, str]:
    """Tell the data of a training from other data.

    Args:
        config (Path): Configuration file.
        options (Options): What differs from it.

    Returns:
        dict[str, str]: Fingerprint by category; empty for data that are drawn, or not in the layout of MVTec AD.
    """
    data = yaml.safe_load(config.read_text(encoding="utf-8")).get("data") or {}
    own = {f"data.{name}": value for name, value in (data.get("init_args") or {}).items()}
    arguments = {**own, **options}
    if "data.root" not in arguments or "data.category" not in arguments:
        return {}
    folder = Path(str(arguments["data.root"]), str(arguments["data.category"]))
    return {folder.name: folder_fingerprint(folder)} if folder.is_dir() else {}


def uses_cuda(config: Path, options: Options) -> bool:
    """Tell whether a training takes a GPU: it runs in a process of its own, which this one cannot ask.

    Args:
        config (Path): Configuration file.
        options (Options): What differs from it.

    Returns:
        bool: Whether there is one, and the trainer is not told otherwise.
    """
    trainer = yaml.safe_load(config.read_text(encoding="utf-8")).get("trainer") or {}
    accelerator = options.get("trainer.accelerator", trainer.get("accelerator", "auto"))
    return accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()


def main() -> None:
    """Run the seeds that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="name of the result file")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments, extra, options = read_arguments(parser, ("model.seed", "trainer.logger", "default_root_dir"))
    if not arguments.config.is_file():
        parser.error(f"no configuration {arguments.config}")
    path = RESULTS / f"train_{arguments.name}.json"
    jobs = [([str(seed)], partial(_run_seed, arguments.config, seed, extra)) for seed in arguments.seeds]
    describe = partial(machine, cuda=uses_cuda(arguments.config, options))
    data = data_of(arguments.config, options)
    _, failed = run_missing(path, settings_of(arguments.config, extra), jobs, parser, data, describe)
    print(path)
    end(failed)


def _run_seed(config: Path, seed: int, extra: list[str]) -> list[Metrics]:
    return [run(config, seed, extra)]


if __name__ == "__main__":
    main()
