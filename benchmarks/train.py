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
import json
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("anomalib-scadn", "anomalib", "lightning", "torch")


def processor() -> str:
    """Name the processor.

    Returns:
        str: Its model where the system tells, else its architecture.
    """
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def machine() -> dict[str, str | int]:
    """Describe what the figures were measured on.

    Returns:
        dict[str, str | int]: Processor, cores, accelerator and versions.
    """
    return {
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def run(config: Path, seed: int, extra: list[str]) -> dict[str, float]:
    """Train and test once, in a process of its own.

    Args:
        config (Path): Configuration file.
        seed (int): The model's seed.
        extra (list[str]): Further arguments of ``anomalib train``.

    Returns:
        dict[str, float]: The host's test metrics, and ``seconds``.

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


def save(path: Path, result: dict | list) -> None:
    """Write a result file whole or not at all.

    Args:
        path (Path): File to write.
        result (dict | list): What goes into it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(result, indent=2) + "\n")
    temporary.replace(path)


def main() -> None:
    """Run the seeds that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="name of the result file")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    arguments, extra = parser.parse_args(sys.argv[1:split]), sys.argv[split + 1 :]
    path = RESULTS / f"train_{arguments.name}.json"
    # Where the data lie on this machine is nobody else's business.
    recorded = ["DIR" if option == "--data.root" else value for option, value in zip(["", *extra], extra, strict=False)]
    result = {"config": arguments.config.name, "extra": recorded, "machine": machine(), "runs": {}}
    if path.is_file():
        known = json.loads(path.read_text())
        if (known["config"], known["extra"]) != (result["config"], result["extra"]):
            parser.error(f"{path} was made with {known['config']} {known['extra']}; remove it or choose another name")
        result["runs"] = known["runs"]
    for seed in arguments.seeds:
        if str(seed) not in result["runs"]:
            result["runs"][str(seed)] = run(arguments.config, seed, extra)
            save(path, result)
    print(path)


if __name__ == "__main__":
    main()
