# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Models exported once for all tests, in whatever process: exporting takes many seconds."""

import contextlib
import io
import logging
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from anomalib.engine import Engine
from filelock import FileLock
from lightning.pytorch import Trainer
from PIL import Image

from anomalib_scadn import Scadn, SyntheticLace
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer
from anomalib_scadn.export import export_generator, generator

SIZES = {"same": (32, 32), "larger": (80, 72), "smaller": (20, 24), "oblong": (37, 130), "pixel": (1, 1)}


FILES = {
    "checkpoint": "model.ckpt",
    "onnx": "weights/onnx/model.onnx",
    "generator-onnx": "weights/onnx/generator.onnx",
    "openvino": "weights/openvino/model.xml",
    "generator-openvino": "weights/openvino/generator.xml",
}


class Exported:
    """A model in every form, in a folder that tests do not write to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {kind: folder / name for kind, name in FILES.items()}
        self.loaded: dict[tuple[str, int], StripedMaskInferencer] = {}

    @property
    def log(self) -> str:
        """What was said during the export."""
        return (self.folder / "export.log").read_text()

    @cached_property
    def module(self) -> Scadn:
        """The model that was exported."""
        return Scadn.load_from_checkpoint(self.files["checkpoint"]).eval()

    def inferencer(self, kind: str, batch_size: int = 1) -> StripedMaskInferencer:
        """Load one form, once."""
        if (kind, batch_size) not in self.loaded:
            self.loaded[kind, batch_size] = StripedMaskInferencer(self.files[kind], batch_size=batch_size)
        return self.loaded[kind, batch_size]

    def predict(self, kind: str, images: object, batch_size: int = 1) -> list[InferenceResult]:
        """Predict several images."""
        outcomes = [outcome for _, outcome in self.inferencer(kind, batch_size).predict_many(images)]
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if errors:
            raise errors[0]
        return outcomes


def _make_model(name: str, lace_root: Path, folder: Path) -> Scadn:
    """Train the paper's networks for two epochs, or others not at all, and leave ``model.ckpt``."""
    network = {} if name == "trained" else {"residual_blocks": 2, "residual": "separable"}
    model = Scadn(image_size=32, base_channels=2, **network, seed=0, learning_rate=1e-3, visualizer=False)
    if name == "untrained":
        trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=folder)
        trainer.strategy.connect(model)
        trainer.save_checkpoint(folder / "model.ckpt")
        return model.eval()
    lace = SyntheticLace(root=lace_root, image_size=32, num_train=8, num_test_good=2, num_test_defect=1, num_workers=0)
    engine = Engine(
        max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=folder / "results"
    )
    engine.fit(model, datamodule=lace)
    shutil.copy(engine.best_model_path, folder / "model.ckpt")
    return model.eval()


def _export(model: Scadn, folder: Path) -> dict[str, Path]:
    """Export beside ``model.ckpt``; OpenVINO's exports reuse the ONNX files that they would make once more."""
    files = {kind: folder / name for kind, name in FILES.items()}
    assert model.to_onnx(folder, verbose=True) == files["onnx"]
    assert export_generator(model, folder) == files["generator-onnx"]

    def copy(source: Path, target: Path) -> Path:
        shutil.copy(source, target)
        shutil.copy(f"{source}.data", target.with_name(source.name + ".data"))
        return target

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "to_onnx", lambda root, *_: copy(files["onnx"], Path(root) / "model.onnx"))
        patch.setattr(generator, "_write_onnx", lambda _, file: copy(files["generator-onnx"], file))
        assert model.to_openvino(folder) == files["openvino"]
        assert export_generator(model, folder, "openvino") == files["generator-openvino"]
    return files


@pytest.fixture(scope="session")
def every_form() -> Callable[[Scadn, Path], dict[str, Path]]:
    """Export a model into the folder that holds its ``model.ckpt``."""
    return _export


def _export_logged(name: str, lace_root: Path, folder: Path) -> None:
    """Make a model and export it in every form, with what was said meanwhile in ``export.log``."""
    model = _make_model(name, lace_root, folder)
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            _export(model, folder)
    finally:
        logging.getLogger().removeHandler(handler)
    (folder / "export.log").write_text(log.getvalue())


@pytest.fixture(scope="session")
def exported(request: pytest.FixtureRequest, run_folder: Path, lace_root: Path) -> Exported:
    """A model in every form: the paper's, trained for two epochs, or a separable one that is "untrained"."""
    name = getattr(request, "param", "trained")
    folder, making = run_folder / name, run_folder / f"{name}.tmp"
    with FileLock(run_folder / f"{name}.lock"):
        if not folder.exists():
            making.mkdir()
            _export_logged(name, lace_root, making)
            making.rename(folder)
    return Exported(folder)


@pytest.fixture(scope="session")
def image_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three images of each size: colour, grey and JPEG."""
    root = tmp_path_factory.mktemp("images")
    generator = np.random.default_rng(0)
    for name, (height, width) in SIZES.items():
        (root / name).mkdir()
        noise = generator.integers(0, 256, (3, height, width, 3), dtype=np.uint8)
        Image.fromarray(noise[0]).save(root / name / "1.png")
        Image.fromarray(noise[1, ..., 0] // 2).save(root / name / "2.png")
        Image.fromarray(noise[2] // 3).save(root / name / "10.jpg")
    return {name: root / name for name in SIZES}


@pytest.fixture(scope="session")
def engine_predictions(
    exported: Exported, image_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[Path, tuple[float, np.ndarray]]:
    """Score and map of each image file by the host's Engine."""
    found = {}
    for folder in image_folders.values():
        engine = Engine(
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            default_root_dir=tmp_path_factory.mktemp("engine"),
        )
        for batch in engine.predict(exported.module, data_path=folder):
            rows = zip(batch.image_path, batch.pred_score, batch.pred_label, batch.anomaly_map, strict=True)
            for path, score, label, anomaly_map in rows:
                found[Path(path)] = (float(score), bool(label), anomaly_map.squeeze().numpy())
    return found
