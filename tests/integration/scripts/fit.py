# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Fit a tiny model in a process of its own, which may be told to kill itself in the middle of training."""

import argparse
import os
import signal
from pathlib import Path

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


def main() -> None:
    """Fit and, if training comes to its end, save weights and reference values."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lace", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--kill", type=int, nargs=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = Scadn(image_size=32, base_channels=2, seed=arguments.seed, learning_rate=1e-3)
    datamodule = SyntheticLace(
        root=arguments.lace,
        image_size=32,
        num_train=8,
        num_test_good=2,
        num_test_defect=1,
        num_workers=arguments.workers,
    )
    engine = Engine(
        default_root_dir=arguments.results,
        max_epochs=arguments.epochs,
        accelerator="cpu",
        devices=arguments.devices,
        strategy="ddp_find_unused_parameters_true" if arguments.devices > 1 else "auto",
        logger=False,
        enable_progress_bar=False,
        callbacks=[Kill(*arguments.kill)] if arguments.kill else None,
    )
    engine.fit(model, datamodule=datamodule, ckpt_path=arguments.resume)
    if arguments.save and engine.trainer.is_global_zero:
        torch.save(model.state_dict(), arguments.save)


if __name__ == "__main__":
    main()
