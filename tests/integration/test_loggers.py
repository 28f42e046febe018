# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Losses, metrics and figures in the loggers that are attached."""

from pathlib import Path

import pytest

from anomalib_scadn import ScadnVisualizer

NUMBERS = {"generator_loss", "discriminator_loss", "reconstruction_loss", "image_AUROC", "repair_rate"}
"""One of each kind: losses of a batch, a metric of the test, a metric of validation."""


def figures_of(results: Path) -> set[str]:
    """Names of the figures that were drawn into files."""
    root = next(results.rglob("figures"))
    return {f"figures/{path.relative_to(root).as_posix()}" for path in root.rglob("*.png")}


@pytest.fixture
def train_and_test(tiny_engine, tiny_scadn, tiny_lace, tmp_path):
    """Train and test with a logger; gives the names of the figures."""

    def run(logger):
        engine = tiny_engine(logger=logger, log_every_n_steps=1)
        model, lace = tiny_scadn(visualizer=ScadnVisualizer(max_figures=2)), tiny_lace()
        engine.fit(model, datamodule=lace)
        engine.test(model, datamodule=lace)
        names = figures_of(tmp_path / "results")
        assert len(names) == 2
        return names

    return run


def test_tensorboard_gets_losses_metrics_and_figures(train_and_test, tmp_path):
    pytest.importorskip("tensorboard")
    from anomalib.loggers import AnomalibTensorBoardLogger
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    names = train_and_test(AnomalibTensorBoardLogger(save_dir=tmp_path / "logs"))
    events = EventAccumulator(str(next((tmp_path / "logs").rglob("events.*")).parent)).Reload()
    assert set(events.Tags()["scalars"]) >= NUMBERS
    assert set(events.Tags()["images"]) == names
    (drawn,) = events.Images(min(names))
    assert (drawn.step, drawn.width > 4 * drawn.height) == (2, True)  # eight images in batches of four


def test_mlflow_gets_losses_metrics_and_figures(train_and_test, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    from anomalib.loggers import AnomalibMLFlowLogger

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    logger = AnomalibMLFlowLogger(save_dir=str(tmp_path / "runs"))
    names = train_and_test(logger)
    client, run = logger.experiment, logger.run_id
    assert set(client.get_run(run).data.metrics) >= NUMBERS

    def files(folder):
        for entry in client.list_artifacts(run, folder):
            yield from files(entry.path) if entry.is_dir else [entry.path]

    assert set(files("figures")) == names


def test_a_logger_without_pictures_gets_the_numbers(train_and_test, tmp_path):
    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(tmp_path / "logs")
    train_and_test(logger)
    assert set((Path(logger.log_dir) / "metrics.csv").read_text().splitlines()[0].split(",")) >= NUMBERS
