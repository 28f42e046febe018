# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Fit a tiny model, in a process that may be told to kill itself in the middle of training.

Several fits, with ``--next`` between their arguments, run one after the other, each in a process forked before anything
was drawn or computed: a process of its own, without the seconds that the imports take. Their return codes are printed.
"""

import argparse
import os
import random
import signal
import sys
import traceback
from pathlib import Path

import numpy as np
import torch
from anomalib.engine import Engine
from lightning.pytorch import Callback

from anomalib_scadn import Scadn, SyntheticLace


class Kill(Callback):
    """Kill the process, as ``kill -9`` does, before a batch of an epoch."""

    def __init__(self, epoch: int, batch: int) -> None:
        self.moment = (epoch, batch)

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
        if (trainer.current_epoch, batch_idx) == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)


class Losses(Callback):
    """Save the losses of each step, their mean over all processes."""

    def __init__(self, path: Path) -> None:
        self.path, self.steps = path, []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        values = torch.stack([outputs["generator_loss"], outputs["discriminator_loss"]]).double()
        self.steps.append(trainer.strategy.reduce(values, reduce_op="mean"))

    def on_train_end(self, trainer, pl_module) -> None:
        if trainer.is_global_zero:
            torch.save(torch.stack(self.steps), self.path)


def fit(command: list[str]) -> None:
    """Fit and, if training comes to its end, save weights and reference values, each process to a file of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lace", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--resume-in", type=Path, help="results of the run to resume")
    parser.add_argument("--kill", type=int, nargs=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--forked", action="store_true", help="processes for all devices are forked")
    parser.add_argument("--batch", type=int, default=4, help="batch size of each process")
    parser.add_argument("--precision", default="32-true")
    parser.add_argument("--losses", type=Path, help="file to save the losses of each step; all images get one mask")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--ema", type=float, default=0.0)
    parser.add_argument("--repair", type=float, default=0.0)
    arguments = parser.parse_args(command)
    torch.set_num_threads(1)
    options = {"seed": arguments.seed, "ema_decay": arguments.ema, "repair": arguments.repair}
    model = Scadn(image_size=32, base_channels=2, residual_blocks=1, learning_rate=1e-3, **options)
    callbacks: list[Callback] = [Kill(*arguments.kill)] if arguments.kill else []
    if arguments.losses:
        callbacks.append(Losses(arguments.losses))
        model.stripe_masks[:] = model.stripe_masks[0].clone()
    datamodule = SyntheticLace(
        root=arguments.lace,
        image_size=32,
        num_train=8,
        train_batch_size=arguments.batch,
        num_test_good=2,
        num_test_defect=1,
        num_workers=arguments.workers,
    )
    engine = Engine(
        default_root_dir=arguments.results,
        max_epochs=arguments.epochs,
        accelerator="cpu",
        devices=arguments.devices,
        strategy="ddp_fork" if arguments.forked else "auto",
        precision=arguments.precision,
        logger=False,
        enable_progress_bar=False,
        callbacks=callbacks,
    )
    checkpoint = next(arguments.resume_in.rglob("model.ckpt")) if arguments.resume_in else None
    engine.fit(model, datamodule=datamodule, ckpt_path=checkpoint)
    if arguments.save:
        rank = engine.trainer.global_rank
        torch.save(model.state_dict(), arguments.save.with_suffix(f".{rank}.pt") if rank else arguments.save)


def fork(command: list[str]) -> int:
    """Fit in a new process, and give its return code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    torch.cuda._is_in_bad_fork = lambda: False  # nothing here has used CUDA, and Lightning forks again
    try:
        random.seed()  # as in a new interpreter
        np.random.seed()  # noqa: NPY002
        fit(command)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Fit once, or once for each part of the command line."""
    commands: list[list[str]] = [[]]
    for argument in sys.argv[1:]:
        if argument == "--next":
            commands.append([])
        else:
            commands[-1].append(argument)
    if len(commands) == 1:
        fit(commands[0])
    else:
        print(*(fork(command) for command in commands))


if __name__ == "__main__":
    main()
