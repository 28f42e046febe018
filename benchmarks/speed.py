# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Compare the speed of training with that of a plain loop, step by step in one run, and what both learn.

    OMP_NUM_THREADS=1 python benchmarks/speed.py --data lace --config configs/scadn_repair.yaml --seeds 0 1 2
        [--steps 1000] [--base-channels 16] [--precision bf16-mixed] [--test-images 200]

The plain loop is written from the paper: Adam's two updates by turns, first the discriminator's, torch's own layers in
torch's own layout, one Adam operation after the other, the discriminator's unused gradients in the generator's update.
It starts from the same weights, draws the same masks and anomalies, keeps the same average and reads the same images.
``Engine.fit`` trains the model; after each of its steps the loop makes one, in single precision in any case. Time is
that of the processor, everything between two steps of Lightning included. At the end both generators score the test
set. Results go to ``benchmarks/results/speed_DATA_CONFIG_CHANNELS_PRECISION.json``; what a file has is not run again.
"""

import argparse
import time
from collections.abc import Iterator
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from anomalib.data import AnomalibDataModule
from anomalib.engine import Engine
from lightning.pytorch import Callback, LightningModule, Trainer

from data import fingerprint, parse_data
from plain import PlainLoop
from provenance import in_own_process
from scores import spread
from store import RESULTS, Metrics, run_missing, run_to_end, settings_of
from study import OVERRULED, SHARED, add_training, configured_model
from training import Option, make_data, model_arguments
from ways import ask

WARM_UP = 10
"""Steps that are not timed."""


class ByTurns(Callback):
    """Lets the plain loop make a step after each of the trainer's, and times both."""

    def __init__(self, loop: PlainLoop, data: AnomalibDataModule) -> None:
        self.loop, self.images = loop, endless(data)
        self.seconds: dict[str, list[float]] = {"plain": [], "ours": []}
        self._since: float | None = None

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *others: object) -> None:
        """Stop the trainer's time while the loop makes its step; later callbacks belong to the next one."""
        del trainer, pl_module, others
        start = time.process_time()
        if self._since is not None:
            self.seconds["ours"].append(start - self._since)
        self.loop.step(next(self.images))
        self._since = time.process_time()
        self.seconds["plain"].append(self._since - start)

    def measured(self) -> Metrics:
        """Reduce the times to steps a second; the ratio is that of steps that follow each other."""
        pairs = list(zip(self.seconds["ours"], self.seconds["plain"][1:], strict=True))[WARM_UP:]
        ratios = [plain / ours for ours, plain in pairs]
        ours, plain = (1 / median(times) for times in zip(*pairs, strict=True))
        return {"ours_per_s": ours, "plain_per_s": plain, "ratio": median(ratios)}


def endless(data: AnomalibDataModule) -> Iterator[torch.Tensor]:
    """Give the training images of one epoch after the other."""
    epochs = (data.train_dataloader() for _ in repeat(None))
    return (batch.image.as_subclass(torch.Tensor) for batch in chain.from_iterable(epochs))


def compare(arguments: argparse.Namespace, text: str, seed: int) -> list[Metrics]:
    """Train in both ways, one step of each at a time, and score what both have learned."""
    width = {} if arguments.base_channels is None else {"base_channels": arguments.base_channels}
    passes = model_arguments(arguments.config).get("passes", "striped")
    changes = {"reference_images": arguments.reference_images, "passes": passes, **width}
    model, plain = (configured_model(arguments, Option(changes), seed) for _ in range(2))
    data = make_data(text, model.input_size[0], Option())
    chosen = spread(len(data.test_data), arguments.test_images)
    data.val_data = data.test_data = data.test_data.subsample(chosen)
    turns = ByTurns(PlainLoop(model), data)
    with TemporaryDirectory() as folder:
        shared = {"accelerator": "cpu", "logger": False, "default_root_dir": folder}
        limits = {"max_epochs": -1, "max_steps": arguments.steps, "limit_val_batches": 0, "check_val_every_n_epoch": 1}
        limits["precision"] = arguments.precision
        Engine(**shared, **limits, callbacks=[turns]).fit(model, datamodule=data)
        found = {"plain": ask(turns.loop.result, plain, data, shared)}
        found["ours"] = ask(model.model.generator, plain, data, shared)
    return [{**turns.measured(), "metrics": found}]


def compare_on(arguments: argparse.Namespace, text: str) -> list[str]:
    """Compare with each seed; give what failed."""
    name, root = parse_data(text)
    shared = {key: getattr(arguments, key) for key in (*OVERRULED, *SHARED, "steps", "precision")}
    configured = model_arguments(arguments.config)
    sizes = {key: getattr(arguments, key) or configured[key] for key in ("image_size", "base_channels")}
    settings = settings_of(arguments.config, []) | shared | sizes | {"threads": torch.get_num_threads()}
    jobs = [([str(seed)], partial(in_own_process, compare, arguments, text, seed)) for seed in arguments.seeds]
    path = (
        arguments.results / f"speed_{name}_{arguments.config.stem}_{sizes['base_channels']}_{arguments.precision}.json"
    )
    failed = run_missing(path, settings, jobs, {name: fingerprint(name, root, sizes["image_size"])})[1]
    print(path)
    return failed


def main() -> None:
    """Do what was asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    parser.add_argument("--base-channels", type=int, help="overrules the configuration")
    parser.add_argument("--precision", choices=["32-true", "bf16-mixed"], default="32-true", help="of Engine.fit")
    add_training(parser.add_argument, steps=1000, reference_images=100)
    arguments = parser.parse_args()
    run_to_end(parser, lambda: [one for text in arguments.data for one in compare_on(arguments, text)])


if __name__ == "__main__":
    main()
