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

from runs import RESULTS, Metrics, run_missing, split_extra, without_paths


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


def main() -> None:
    """Run the seeds that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="name of the result file")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    own, extra = split_extra(sys.argv[1:])
    arguments = parser.parse_args(own)
    path = RESULTS / f"train_{arguments.name}.json"
    settings = {"config": arguments.config.name, "extra": without_paths(extra)}
    jobs = [([str(seed)], partial(_run_seed, arguments.config, seed, extra)) for seed in arguments.seeds]
    run_missing(path, settings, jobs, parser)
    print(path)


def _run_seed(config: Path, seed: int, extra: list[str]) -> list[Metrics]:
    return [run(config, seed, extra)]


if __name__ == "__main__":
    main()
