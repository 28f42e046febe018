# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One experiment of the paper: train from a configuration, and measure the paper's two metrics on raw scores.

anomalib's post-processor limits normalized scores to what it saw in validation, which makes ties. So there is none
here, and no validation either: SCADN computes mu_i when training ends, and neither metric needs a threshold.
"""

import sys
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from anomalib.data import AnomalibDataModule
from anomalib.engine import Engine

from anomalib_scadn import Scadn
from comparison import keep
from data import list_test_images
from measure import Scored, measure_areas, score_test_images
from models import Built
from provenance import machine, named_hash, without_folders
from store import Metrics, run_folder

Options = dict[str, object]
"""anomalib's options by name, for example ``{"model.base_channels": 8}``."""

SEED = "model.seed"
METRICS = ("image_AUROC", "PerImagePixelAUROC")

_MEASURING: Options = {
    "model.visualizer": False,
    "model.post_processor": False,
    "model.evaluator": False,
    "trainer.limit_val_batches": 0,
    # Without validation, and with anything but 1 here, no checkpoint is written before training ends.
    "trainer.check_val_every_n_epoch": 2**31,
    "trainer.logger": False,
    "trainer.enable_progress_bar": False,
    "trainer.enable_model_summary": False,
}


def read_arguments(parser: ArgumentParser) -> tuple[Namespace, list[str], Options]:
    """Read the command line of a benchmark: its own arguments, and after ``--`` anomalib's, as given and by name.

    The default ``own`` names the options of anomalib that the benchmark sets itself.
    """
    given = sys.argv[1:]
    split = given.index("--") if "--" in given else len(given)
    arguments, extra = parser.parse_args(given[:split]), given[split + 1 :]
    try:
        options = parse_options(extra)
        refuse(options, arguments.own)
    except ValueError as error:
        parser.error(str(error))
    return arguments, extra, options


def parse_options(extra: list[str]) -> Options:
    """Read anomalib's arguments."""
    pairs = iter(extra)
    options: Options = {}
    for argument in pairs:
        name, equals, value = argument.partition("=")
        value = value if equals else next(pairs, None)
        if not name.startswith("--") or value is None:
            msg = f"expected --name value after --, got {argument!r}"
            raise ValueError(msg)
        options[name.removeprefix("--")] = value
    return options


def refuse(options: Options, own: Iterable[str]) -> None:
    """Refuse what would make a result file say another thing than what was run."""
    own = list(own)
    for name in options:
        plain = name.replace("init_args.", "")
        if any(f"{mine}.".startswith(f"{plain}.") for mine in own) or plain == "config":
            msg = f"--{name} after -- is not for anomalib: this program sets {', '.join(own)} itself"
            raise ValueError(msg)


class Trained(NamedTuple):
    """What training leaves behind, with what the test measured; of a training ``seconds``, the time of both."""

    model: Scadn
    datamodule: AnomalibDataModule
    scored: Scored
    metrics: Metrics


def train(config: Path, options: Options) -> Trained:
    """Train and test once."""
    with TemporaryDirectory() as folder:
        engine, model, datamodule = _build(config, options, folder)
        start = time.perf_counter()
        engine.fit(model=model, datamodule=datamodule)
        model.to(engine.trainer.strategy.root_device)  # anomalib moves it back to the processor
        trained = _test(model, datamodule)
        trained.metrics["seconds"] = round(time.perf_counter() - start, 1)
    return trained


def measure_variant(trained: Trained, config: Path, options: Options) -> Trained:
    """Measure a model whose training would be the same, but not its inference."""
    with TemporaryDirectory() as folder:
        _, model, _ = _build(config, options, folder)
    model.model.generator.load_state_dict(trained.model.model.generator.state_dict())
    if not model.model.scorer.is_fitted:
        msg = f"this model subtracts mu_i, which it would have to be trained for: {options}"
        raise ValueError(msg)
    return _test(model.to(trained.model.device), trained.datamodule)


def _test(model: Scadn, datamodule: AnomalibDataModule) -> Trained:
    """Score the test images; without masks there is no pixel metric."""
    batch = datamodule.eval_batch_size  # what the configuration says that memory allows
    scored = score_test_images(model.eval(), list_test_images(datamodule), model.input_size[0], batch)
    areas = measure_areas(scored)
    metrics = {name: round(areas[name], 4) for name in METRICS if areas[name] is not None}
    return Trained(model, datamodule, scored, metrics)


def find_images(config: Path, options: Options) -> Path:
    """Say where an experiment's images are, which are drawn if they are drawn ones and missing."""
    with TemporaryDirectory() as folder:
        _, _, datamodule = _build(config, options, folder)
        datamodule.prepare_data()
    return Path(datamodule.root) / datamodule.category


def _build(config: Path, options: Options, folder: str) -> Built:
    return Engine.from_config(config, **{"default_root_dir": folder, **_MEASURING, **options})


@dataclass(frozen=True)
class Figures:
    """Where the figures of one data set's runs go, if they are asked for, and what tells them from others."""

    folder: Path | None
    data: str
    files: str
    config: Path

    def keep(self, row: str, options: Options, trained: Trained) -> None:
        """Keep scores and pictures as a comparison does.

        A failure is printed and goes no further: hours of training shall not be lost for a picture.
        """
        if self.folder is None:
            return
        configuration = {
            "config": named_hash(self.config),
            "files": self.files,
            "image_size": trained.model.input_size[0],
            **{name: without_folders(str(value)) for name, value in options.items() if name != SEED},
        }
        result = {"configuration": configuration, "metrics": trained.metrics, "machine": machine()}
        folder = run_folder(self.folder, self.data, row, options[SEED])
        try:
            keep(folder, result, f"{row}, {self.data}", trained.model, trained.scored)
        except Exception:  # whatever it is, the metrics are there
            traceback.print_exc()
            print(f"no figures of {self.data}, {row}", flush=True)
