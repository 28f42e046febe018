# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Each compared method through the host: fit, test, predict, checkpoint, command line, export."""

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
import pytest
import torch
from anomalib.cli.cli import main
from anomalib.deploy import CompressionType, OpenVINOInferencer, TorchInferencer
from lightning.pytorch import Trainer

from anomalib_scadn.baselines import AloccD, AloccDR, Dae, MemAe, Ocgan
from anomalib_scadn.cli.main import main as scadn_main
from tolerances import generator_rounding

IMAGE = {"image_AUROC", "image_F1Score"}
ALL = IMAGE | {"pixel_AUROC", "pixel_F1Score", "PerImagePixelAUROC"}
OWN = {MemAe: {"slots": 20}, Ocgan: {"latent_channels": 2}}
WITH_MAPS = {Dae: True, MemAe: True, AloccD: False, AloccDR: False, Ocgan: True}


@pytest.fixture(params=list(WITH_MAPS), ids=lambda kind: kind.__name__)
def model(request):
    return request.param(image_size=32, base_channels=2, seed=0, learning_rate=1e-3, **OWN.get(request.param, {}))


def test_it_fits_tests_predicts_and_reloads(model, tiny_lace, tiny_engine, tmp_path):
    engine, datamodule = tiny_engine(), tiny_lace()
    engine.fit(model, datamodule=datamodule)
    with_maps = WITH_MAPS[type(model)]
    assert set(engine.test(model, datamodule=datamodule)[0]) == (ALL if with_maps else IMAGE)
    predictions = engine.predict(model, datamodule=datamodule)
    assert sum(len(batch.pred_score) for batch in predictions) == len(datamodule.test_data)
    assert predictions[0].pred_label.dtype == torch.bool
    assert (predictions[0].anomaly_map is not None) == with_maps
    assert len(list((tmp_path / "results").rglob("*.png"))) == len(datamodule.test_data)
    reloaded = tiny_engine().test(type(model)(**model.hparams), datamodule=datamodule, ckpt_path=engine.best_model_path)
    assert reloaded == engine.test(model, datamodule=datamodule)


def exported(model, folder, patch) -> dict[str, Path]:
    """Export; OpenVINO's export reuses the ONNX file that it would make once more."""
    graph = model.to_onnx(folder)

    def copy(root: Path, *_: object) -> Path:
        for path in graph.parent.iterdir():
            shutil.copy(path, root)
        return Path(root) / graph.name

    with patch.context() as patched:
        patched.setattr(model, "to_onnx", copy)
        return {"onnx": graph, "openvino": model.to_openvino(folder)}


def outputs_of(files: dict[str, Path], images: torch.Tensor) -> list[dict[str, np.ndarray]]:
    """Run both graphs; OpenVINO computes in bfloat16 where the processor can, unless it is told otherwise."""
    session = onnxruntime.InferenceSession(files["onnx"])
    names = [output.name for output in session.get_outputs()]
    first = dict(zip(names, session.run(None, {"input": images.numpy()}), strict=True))
    compiled = openvino.Core().compile_model(files["openvino"], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [first, {output.get_any_name(): value for output, value in compiled(images.numpy()).items()}]


def test_graphs_compute_what_torch_does_without_what_only_trains(model, tiny_lace, tiny_engine, tmp_path, monkeypatch):
    datamodule = tiny_lace()
    tiny_engine().fit(model, datamodule=datamodule)
    networks = dict(model.model.named_children())
    files = exported(model, tmp_path, monkeypatch)
    assert dict(model.model.named_children()) == networks
    assert not list(tmp_path.glob(".export-*"))
    images = torch.stack([datamodule.test_data[index].image for index in range(len(datamodule.test_data))])
    with torch.no_grad():
        predictions = model.eval()(images)._asdict()
    expected = {name: value.numpy() for name, value in predictions.items() if value is not None}
    assert len(np.unique(expected["pred_score"])) > 2
    for found in outputs_of(files, images):
        assert set(found) == set(expected)
        for name in {"pred_score", "anomaly_map"} & set(expected):
            np.testing.assert_allclose(found[name], expected[name], atol=1e-4)
    stored = {value.name for value in onnx.load(files["onnx"]).graph.initializer}
    assert stored
    assert not any(name.startswith(f"model.{left_out}.") for name in stored for left_out in model.model.training_only)


@pytest.mark.parametrize("kind", [AloccD, Ocgan])
def test_the_torch_export_loads_in_the_hosts_inferencer(kind, tmp_path, tiny_lace, monkeypatch):
    model = kind(image_size=32, base_channels=2, seed=0, visualizer=False).eval()
    path = model.to_torch(tmp_path)
    exported = torch.load(path, weights_only=False)["model"].model
    assert model.model.training_only
    assert all(getattr(exported, name) is None for name in model.model.training_only)
    monkeypatch.setenv("TRUST_REMOTE_CODE", "1")
    datamodule = tiny_lace()
    datamodule.prepare_data()
    datamodule.setup()
    item = datamodule.test_data[0]
    with torch.no_grad():
        expected = model(item.image[None])
    found = TorchInferencer(path=path, device="cpu").predict(item.image_path)
    torch.testing.assert_close(
        found.pred_score.squeeze(), expected.pred_score.squeeze(), atol=generator_rounding(2), rtol=0
    )


def test_a_model_without_maps_needs_no_limits_of_maps_to_be_calibrated(tmp_path, tiny_lace):
    model = AloccDR(image_size=32, base_channels=2, seed=0, visualizer=False)
    with pytest.raises(ValueError, match=r"unknown are those of pred_score: call Engine.validate"):
        model.to_openvino(tmp_path, compression_type=CompressionType.INT8_PTQ, datamodule=tiny_lace())


@pytest.mark.parametrize("compression", [CompressionType.INT8_PTQ, CompressionType.INT8_ACQ])
def test_calibrated_graphs_score_as_the_model_does(compression, tiny_lace, tiny_engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where the host's inferencer keeps its cache
    model, datamodule = Dae(image_size=32, base_channels=2, seed=0, visualizer=False), tiny_lace(eval_batch_size=6)
    with pytest.raises(ValueError, match=r"INT8_.* needs a model that was validated.*anomaly_map, pred_score"):
        model.to_openvino(tmp_path, compression_type=compression, datamodule=datamodule)
    tiny_engine().fit(model, datamodule=datamodule)
    assert len(datamodule.test_data) % 6 == 1  # one image is left alone, unless batches become smaller
    path = model.to_openvino(tmp_path, compression_type=compression, datamodule=datamodule)
    assert datamodule.eval_batch_size == 6
    content = path.read_text()
    assert "<quantization>" in content
    # The accuracy-aware kind takes quantization back where it costs too much: how much of it depends on the processor.
    assert "FakeQuantize" in content or compression == CompressionType.INT8_ACQ
    item = datamodule.test_data[0]
    with torch.no_grad():
        expected = model.eval()(item.image[None]).pred_score
    found = OpenVINOInferencer(path, device="CPU").predict(item.image_path).pred_score
    assert float(np.squeeze(found)) == pytest.approx(float(expected), abs=0.2)


def test_a_checkpoint_is_refused_by_scadns_own_command_in_one_short_line(tmp_path, capsys):
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path)
    trainer.strategy.connect(MemAe(image_size=32, base_channels=2, slots=20))
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    images, output = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    with pytest.raises(SystemExit, match="2"):
        scadn_main(["score", "--model", f"{tmp_path}/model.ckpt", "--input", str(images), "--output", str(output)])
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith(f"error: {tmp_path}/model.ckpt cannot be loaded as a checkpoint of SCADN")
    assert re.search(r"does not fit this Scadn: model\.\S+ has shape .* keys differ; is it another model's\?\)$", error)
    assert not output.exists()


def test_the_hosts_command_line_trains_with_own_and_shared_arguments(lace_root, tmp_path, monkeypatch, capsys):
    arguments = {
        "model": "anomalib_scadn.baselines.MemAe",
        "model.image_size": 32,
        "model.base_channels": 2,
        "model.slots": 20,
        "data": "anomalib_scadn.SyntheticLace",
        "data.root": lace_root,
        "data.image_size": 32,
        "data.num_train": 8,
        "data.num_test_good": 2,
        "data.num_test_defect": 1,
        "data.num_workers": 0,
        "trainer.max_epochs": 1,
        "trainer.accelerator": "cpu",
        "default_root_dir": tmp_path,
    }
    given = [str(part) for name, value in arguments.items() for part in (f"--{name}", value)]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["anomalib", "train", *given])
    main()
    assert "image_AUROC" in capsys.readouterr().out
    checkpoint = torch.load(next(tmp_path.rglob("*.ckpt")), weights_only=True)
    assert checkpoint["hyper_parameters"]["slots"] == 20
    assert checkpoint["state_dict"]["model.autoencoder.memory.items"].shape == (20, 16)
