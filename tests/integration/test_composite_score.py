# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The composite score through the host: training, checkpoints, exports, one answer."""

import shutil
from pathlib import Path

import numpy as np
import openvino
import pytest
import timm
import torch
from anomalib.deploy import CompressionType
from anomalib.engine import Engine
from safetensors.torch import save_file

from anomalib_scadn import CompositeScore, Scadn, SyntheticLace
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.deploy.openvino_graph import OpenVinoGraph

TINY = {"image_size": 32, "base_channels": 2, "residual_blocks": 1, "seed": 0, "learning_rate": 1e-3}


def make(**options: object) -> Scadn:
    return Scadn(**TINY, score=CompositeScore(**options))


@pytest.fixture(scope="module")
def fit(lace_root):
    """Fit a model in a folder, and leave ``model.ckpt`` there; gives the data and the engine."""

    def call(model: Scadn, folder: Path) -> tuple[SyntheticLace, Engine]:
        datamodule = SyntheticLace(
            root=lace_root, image_size=32, num_train=8, num_test_good=2, num_test_defect=1, num_workers=0
        )
        engine = Engine(
            max_epochs=1,
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            default_root_dir=folder / "results",
        )
        engine.fit(model, datamodule=datamodule)
        engine.trainer.save_checkpoint(folder / "model.ckpt")
        return datamodule, engine

    return call


@pytest.fixture(scope="module")
def joint(fit, every_form, tmp_path_factory):
    """A model of all errors in every form, with its data and its engine; its backbone's own file is gone."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("joint")
    weights = folder / "weights.safetensors"
    save_file(timm.create_model("resnet10t", pretrained=False).state_dict(), weights)
    backbone = {"backbone": "resnet10t", "backbone_layers": (1, 2), "backbone_weights": weights}
    model = make(errors=("mse", "ssim", "msgms", "perceptual"), standardize="pixel", pooling="top", **backbone)
    before = {name: value.clone() for name, value in model.model.scorer.perceptual.state_dict().items()}
    datamodule, engine = fit(model, folder)
    weights.unlink()  # the checkpoint and the exports bring their own
    files = every_form(model, folder)
    for name, value in model.model.scorer.perceptual.state_dict().items():
        assert torch.equal(value, before[name]), f"{name} was trained"
    return model, datamodule, engine, files


@pytest.fixture(scope="module")
def once(fit, every_form, tmp_path_factory):
    """A model that learned to repair and is asked once, in every form, with its data and its engine."""
    folder = tmp_path_factory.mktemp("once")
    model = Scadn(**TINY, repair=0.5, passes="once")
    datamodule, engine = fit(model, folder)
    return model, datamodule, engine, every_form(model, folder)


def assert_same_answers(model: Scadn, datamodule: SyntheticLace, engine: Engine, files: dict[str, Path]) -> None:
    """Every form says what the Engine says, with images alone and in a batch."""
    expected = {}
    for batch in engine.predict(model, dataloaders=datamodule.test_dataloader()):
        for path, score, anomaly_map in zip(batch.image_path, batch.pred_score, batch.anomaly_map, strict=True):
            expected[Path(path)] = float(score), anomaly_map.squeeze().numpy()
    images = [Path(path) for path in datamodule.test_data.samples.image_path[:3]]
    for file in files.values():
        for batch_size in (1, 3):
            inferencer = StripedMaskInferencer(file, batch_size=batch_size)
            for path, result in inferencer.predict_many(images):
                score, anomaly_map = expected[Path(path)]
                assert result.pred_score == pytest.approx(score, abs=1e-4), file
                assert np.abs(result.anomaly_map - anomaly_map).max() < 1e-3, file


@pytest.mark.parametrize("trained", ["joint", "once"])
def test_exports_give_the_engines_answer(trained, request):
    model, *others = request.getfixturevalue(trained)
    assert model.model.scorer.is_fitted
    assert_same_answers(model, *others)


def test_what_was_repaired_is_the_same_in_every_form(once):
    model, datamodule, _, files = once
    image = datamodule.test_data[0].image
    with torch.no_grad():
        repaired = model.model.generator(image[None])[0].permute(1, 2, 0).numpy()
    for file in files.values():
        result = StripedMaskInferencer(file).predict(image, reconstruction=True)
        np.testing.assert_allclose(result.reconstruction, repaired, atol=1e-4)
        assert result.scale_maps.shape == (1, 32, 32)
        assert np.array_equal(result.scale_maps[0], result.raw_map)


def test_large_images_are_asked_once_tile_by_tile(once):
    image = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    maps = [StripedMaskInferencer(file, tile=32, overlap=8).predict(image).raw_map for file in once[3].values()]
    for other in maps[1:]:
        np.testing.assert_allclose(other, maps[0], atol=1e-3)


def test_other_passes_than_in_training_want_reference_values_of_their_own(once, tiny_engine):
    _, datamodule, _, files = once
    model = Scadn.load_from_checkpoint(files["checkpoint"], passes="striped", score=None)
    trained = torch.load(files["checkpoint"], weights_only=True)["state_dict"]
    assert not model.model.scorer.is_fitted
    assert all(torch.equal(value, trained[name]) for name, value in model.state_dict().items() if "generator" in name)
    assert torch.isnan(model.post_processor.image_min).all()
    tiny_engine().validate(model, datamodule=datamodule)
    assert model.model.scorer.is_fitted


@pytest.mark.parametrize("task", ["test", "predict", "fit"])
def test_values_of_other_passes_are_neither_scored_with_nor_trained_on(once, tiny_engine, task):
    engine, model = tiny_engine(max_epochs=3), Scadn(**TINY, score=CompositeScore())
    with pytest.raises(ValueError, match="reference values for passes = 'once', this model has 'striped'"):
        getattr(engine, task)(model, datamodule=once[1], ckpt_path=once[3]["checkpoint"])


def test_a_backbone_keeps_its_weights_with_other_passes(joint):
    trained = torch.load(joint[3]["checkpoint"], weights_only=True)["state_dict"]
    model = Scadn.load_from_checkpoint(joint[3]["checkpoint"], passes="once")
    backbone = {name: value for name, value in model.state_dict().items() if "perceptual" in name}
    assert backbone
    assert all(torch.equal(value, trained[name]) for name, value in backbone.items())
    assert not model.model.scorer.is_fitted
    assert Scadn.load_from_checkpoint(joint[3]["checkpoint"], passes="once", score=None).model.scorer.perceptual is None


def test_a_model_without_reference_values_gives_the_engines_answer(fit, tmp_path):
    options = {"combine": "geometric", "standardize": "none", "smoothing": 1.5, "pooling": "mean"}
    model = make(errors=("mse",), **options)
    datamodule, engine = fit(model, tmp_path)
    assert model.model.scorer.is_fitted
    files = {"checkpoint": tmp_path / "model.ckpt", "onnx": model.to_onnx(tmp_path, verbose=False)}
    assert_same_answers(model, datamodule, engine, files)


def test_a_generator_needs_its_reference_values(joint, tmp_path):
    original = joint[3]["generator-onnx"]
    file = shutil.copytree(original.parent, tmp_path / "onnx") / original.name
    values = file.with_suffix(".score.safetensors")
    values.write_bytes(values.read_bytes()[:-8])
    with pytest.raises(ValueError, match=values.name):
        StripedMaskInferencer(file)
    values.unlink()
    with pytest.raises(FileNotFoundError, match=values.name):
        StripedMaskInferencer(file)


def makers(graph: openvino.Model, value: str) -> set[str]:
    """Names of the operations that a value is made by, at once or earlier."""
    waiting = [node for node in graph.get_ops() for output in node.outputs() if value in output.get_names()]
    found = set()
    while waiting:
        node = waiting.pop()
        waiting += [source.get_node() for source in node.input_values() if node.get_friendly_name() not in found]
        found.add(node.get_friendly_name())
    return found


@pytest.mark.parametrize("passes", ["striped", "once"])
def test_calibration_for_8_bits_leaves_the_score_its_small_differences(passes, fit, tmp_path):
    model = Scadn(**TINY, passes=passes, score=CompositeScore(errors=("ssim",)))
    datamodule, _ = fit(model, tmp_path)
    path = model.to_openvino(tmp_path, compression_type=CompressionType.INT8_PTQ, datamodule=datamodule)
    graph = openvino.Core().read_model(path)
    quantized = {node.get_friendly_name() for node in graph.get_ops() if node.get_type_name() == "FakeQuantize"}
    assert quantized
    assert quantized <= makers(graph, "reconstructions")  # not in the images' own part of a similarity, either
    # However a processor rounds what is painted, the score takes it as it is.
    images = torch.stack([datamodule.test_data[index].image for index in range(2)])
    found = OpenVinoGraph(path, "CPU", "f32", {}, passes_at_once=1).run(images.numpy())
    with torch.no_grad():
        expected = model.model.scorer(images, torch.from_numpy(found["reconstructions"].copy()), model.model.masks)
    assert np.corrcoef(found["raw_map"].ravel(), expected.anomaly_map.ravel())[0, 1] > 0.99


def test_compressed_weights_leave_the_score_its_small_differences(joint, tmp_path):
    model, datamodule, *_ = joint
    path = model.to_openvino(tmp_path, compression_type=CompressionType.INT8)
    weights = [node.data.dtype for node in openvino.Core().read_model(path).get_ops() if hasattr(node, "data")]
    assert np.dtype("int8") in weights or np.dtype("uint8") in weights
    images = torch.stack([datamodule.test_data[index].image for index in range(2)])
    found = OpenVinoGraph(path, "CPU", "f32", {}, passes_at_once=1).run(images.numpy())
    with torch.no_grad():
        expected = model.model.scorer(images, torch.from_numpy(found["reconstructions"].copy()), model.model.masks)
    np.testing.assert_allclose(found["raw_map"], expected.anomaly_map, atol=1e-3, rtol=1e-3)


def test_a_checkpoint_of_another_score_is_refused(joint, tiny_scadn, tiny_engine):
    with pytest.raises(ValueError, match="score = CompositeScore"):
        tiny_engine().test(tiny_scadn(), datamodule=joint[1], ckpt_path=joint[3]["checkpoint"])


def test_scores_do_not_depend_on_how_masks_are_chunked(joint, monkeypatch):
    model = joint[0].model.eval()
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = model(images)
        for passes in (1, 5, 100):
            monkeypatch.setattr(model, "passes_at_once", passes)
            found = model(images)
            torch.testing.assert_close(found.pred_score, expected.pred_score, atol=1e-4, rtol=1e-4)
