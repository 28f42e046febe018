# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The composite score through the host: training, checkpoints, exports, one answer."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from anomalib_scadn import Scadn
from anomalib_scadn.deploy import StripedMaskInferencer, export_generator

SCORES = {
    "joint": {"errors": ("mse", "ssim", "msgms"), "standardize": "pixel", "pooling": "top"},
    "geometric": {"errors": ("msgms",), "combine": "geometric", "standardize": "none"},
    "global": {"errors": ("ssim",), "combine": "min", "standardize": "global", "pooling": "mean"},
}


@pytest.fixture
def make(tiny_scadn):
    return lambda **arguments: tiny_scadn(score="composite", smoothing=1.5, **arguments)


def fit(engine, model: Scadn, datamodule, folder: Path) -> Path:
    engine.fit(model, datamodule=datamodule)
    engine.trainer.save_checkpoint(folder / "model.ckpt")
    return folder / "model.ckpt"


def images_of(datamodule) -> list[Path]:
    return [Path(path) for path in datamodule.test_data.samples.image_path[:3]]


def assert_same_answers(model: Scadn, files: dict[str, Path], datamodule, engine) -> None:
    """Every form says what the Engine says, with images alone and in a batch."""
    expected = {}
    for batch in engine.predict(model, dataloaders=datamodule.test_dataloader()):
        for path, score, anomaly_map in zip(batch.image_path, batch.pred_score, batch.anomaly_map, strict=True):
            expected[Path(path)] = float(score), anomaly_map.squeeze().numpy()
    for file in files.values():
        for batch_size in (1, 3):
            inferencer = StripedMaskInferencer(file, batch_size=batch_size)
            for path, result in inferencer.predict_many(images_of(datamodule)):
                score, anomaly_map = expected[Path(path)]
                assert result.pred_score == pytest.approx(score, abs=1e-4), file
                assert np.abs(result.anomaly_map - anomaly_map).max() < 1e-3, file


@pytest.mark.parametrize("name", SCORES)
def test_exports_give_the_engines_answer(make, every_form, tiny_lace, tiny_engine, tmp_path, name):
    model, datamodule, engine = make(**SCORES[name]), tiny_lace(), tiny_engine()
    checkpoint = fit(engine, model, datamodule, tmp_path)
    assert model.model.scorer.is_fitted
    if name == "joint":
        files = every_form(model, checkpoint, tmp_path)
    else:  # the runtimes' arithmetic is what may differ
        files = {"checkpoint": checkpoint, "onnx": model.to_onnx(tmp_path, verbose=False)}
    assert_same_answers(model, files, datamodule, engine)


def test_the_backbone_travels_with_the_model(make, every_form, tiny_lace, tiny_engine, tmp_path):
    torch.manual_seed(0)
    weights = tmp_path / "weights.safetensors"
    save_file(timm.create_model("resnet10t", pretrained=False).state_dict(), weights)
    perceptual = {"errors": ("mse", "perceptual"), "standardize": "global", "backbone": "resnet10t"}
    model = make(**perceptual, backbone_layers=(1, 2), backbone_weights=weights)
    datamodule, engine = tiny_lace(), tiny_engine()
    before = {name: value.clone() for name, value in model.model.scorer.perceptual.state_dict().items()}
    checkpoint = fit(engine, model, datamodule, tmp_path)
    for name, value in model.model.scorer.perceptual.state_dict().items():
        assert torch.equal(value, before[name]), name
    weights.unlink()  # the checkpoint and the exports bring their own
    assert_same_answers(model, every_form(model, checkpoint, tmp_path), datamodule, engine)


def test_a_generator_needs_its_reference_values(make, tiny_lace, tiny_engine, tmp_path):
    model = make(errors=("mse",), standardize="pixel")
    fit(tiny_engine(), model, tiny_lace(), tmp_path)
    file = export_generator(model, tmp_path)
    values = file.with_suffix(".score.safetensors")
    values.write_bytes(values.read_bytes()[:-8])
    with pytest.raises(ValueError, match=values.name):
        StripedMaskInferencer(file)
    values.unlink()
    with pytest.raises(FileNotFoundError, match=values.name):
        StripedMaskInferencer(file)


def test_a_checkpoint_of_another_score_is_refused(make, tiny_scadn, tiny_lace, tiny_engine, tmp_path):
    checkpoint = fit(tiny_engine(), make(errors=("mse",), standardize="pixel"), tiny_lace(), tmp_path)
    with pytest.raises(ValueError, match="score = composite"):
        tiny_engine().test(tiny_scadn(), datamodule=tiny_lace(), ckpt_path=checkpoint)


def test_scores_do_not_depend_on_how_masks_are_chunked(make, tiny_lace, tiny_engine, tmp_path):
    model = make(**SCORES["joint"])
    fit(tiny_engine(), model, tiny_lace(), tmp_path)
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    model.eval()
    with torch.no_grad():
        expected = model.model(images)
        for passes in (1, 5, 100):
            model.model.passes_at_once = passes
            found = model.model(images)
            torch.testing.assert_close(found.pred_score, expected.pred_score, atol=1e-4, rtol=1e-4)
