# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Models exported once for all tests: exporting takes seconds."""

import contextlib
import io
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from anomalib.engine import Engine
from lightning.pytorch import Trainer
from PIL import Image

from anomalib_scadn import Scadn, SyntheticLace
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer, export_generator, generator_export

SIZES = {"same": (32, 32), "larger": (80, 72), "smaller": (20, 24), "oblong": (37, 130), "pixel": (1, 1)}


@dataclass
class Exported:
    """A model in every form."""

    module: Scadn
    files: dict[str, Path]
    log: str
    loaded: dict[tuple[str, int], StripedMaskInferencer] = field(default_factory=dict)

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


def _make_model(name: str, lace_root: Path, folder: Path) -> tuple[Scadn, Path]:
    model = Scadn(image_size=32, base_channels=2, seed=0, learning_rate=1e-3, visualizer=False)
    if name == "untrained":
        trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=folder)
        trainer.strategy.connect(model)
        trainer.save_checkpoint(folder / "model.ckpt")
        return model.eval(), folder / "model.ckpt"
    lace = SyntheticLace(root=lace_root, image_size=32, num_train=8, num_test_good=2, num_test_defect=1, num_workers=0)
    engine = Engine(
        max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=folder / "results"
    )
    engine.fit(model, datamodule=lace)
    return model.eval(), Path(engine.best_model_path)


def _export(model: Scadn, checkpoint: Path, folder: Path, patch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Export; OpenVINO's exports reuse the ONNX files that they would make once more."""
    files = {"checkpoint": checkpoint, "onnx": model.to_onnx(folder, verbose=True)}
    files["generator-onnx"] = export_generator(model, folder)

    def copy(source: Path, target: Path) -> Path:
        shutil.copy(source, target)
        shutil.copy(f"{source}.data", target.with_name(source.name + ".data"))
        return target

    with patch.context() as patched:
        patched.setattr(model, "to_onnx", lambda root, *_: copy(files["onnx"], Path(root) / "model.onnx"))
        patched.setattr(generator_export, "_write_onnx", lambda _, file: copy(files["generator-onnx"], file))
        files["openvino"] = model.to_openvino(folder)
        files["generator-openvino"] = export_generator(model, folder, "openvino")
    return files


@pytest.fixture
def every_form(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scadn, Path, Path], dict[str, Path]]:
    """Export a model, with its checkpoint, into a folder."""
    return partial(_export, patch=monkeypatch)


@pytest.fixture(scope="session", params=["trained", "untrained"])
def exported(request: pytest.FixtureRequest, lace_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A model in every form, trained for two epochs or not at all."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp(request.param)
    model, checkpoint = _make_model(request.param, lace_root, folder)
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log), pytest.MonkeyPatch.context() as patch:
            files = _export(model, checkpoint, folder, patch)
    finally:
        logging.getLogger().removeHandler(handler)
    return Exported(model, files, log.getvalue())


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
