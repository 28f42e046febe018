# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Every kind of export through the host's own command line."""

import logging
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from anomalib.cli.cli import main as anomalib_main
from anomalib.engine import Engine
from PIL import Image

from anomalib_scadn import Scadn, SyntheticLace
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.networks import InstanceNorm, layers

LACE = {"image_size": 32, "num_train": 8, "num_test_good": 2, "num_test_defect": 1, "num_workers": 0}


@pytest.fixture(scope="module")
def checkpoint(lace_root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    network = {"image_size": 32, "base_channels": 2, "residual_blocks": 1, "residual": "separable"}
    model = Scadn(**network, stripes=(4, 8), seed=0, learning_rate=1e-3, visualizer=False)
    engine = Engine(
        max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=folder / "results"
    )
    engine.fit(model, datamodule=SyntheticLace(root=lace_root, **LACE))
    return engine.best_model_path


@pytest.fixture(scope="module")
def images(lace_root, tmp_path_factory):
    """Two drawn images, one of them with a hole, and noise, of 40 x 48 pixels."""
    lace = SyntheticLace(root=lace_root, **LACE)
    lace.prepare_data()
    found = [next((lace.root / lace.category / "test" / name).iterdir()) for name in ("good", "hole")]
    drawn = [np.asarray(Image.open(path).convert("RGB").resize((48, 40))) for path in found]
    return [*drawn, np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)]


@pytest.fixture(scope="module", autouse=True)
def _traced_once(tmp_path_factory):
    """Let exports to OpenVINO reuse the ONNX files that they would make once more."""
    trace, done = Scadn.to_onnx, {}

    def to_onnx(model, export_root, model_file_name="model", input_size=None, **options):
        norm = next(part for part in model.model.generator.modules() if isinstance(part, InstanceNorm))
        key = (None if input_size is None else tuple(input_size), norm.export_row_by_row)
        if key not in done:
            done[key] = trace(model, tmp_path_factory.mktemp("onnx"), model_file_name, key[0], **options)
        copied = shutil.copytree(done[key].parent, Path(export_root) / "weights" / "onnx", dirs_exist_ok=True)
        return Path(copied) / done[key].name

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scadn, "to_onnx", to_onnx)
        patch.setattr(layers, "PIXELS_IN_ONE_SUM", 0)  # so that small graphs have the norms of large ones
        yield


@pytest.fixture
def export(monkeypatch, tmp_path, checkpoint, capfd, caplog):
    """Export through the command line, and give the written model's path."""
    monkeypatch.chdir(tmp_path)
    # Libraries keep the streams of the test in which they were imported, and would complain that these are closed.
    monkeypatch.setattr(logging, "raiseExceptions", False)
    caplog.set_level(logging.INFO)

    def call(export_type, *options):
        arguments = ("export", "--model", "anomalib_scadn.Scadn", "--ckpt_path", checkpoint, "--export_root", tmp_path)
        command = ["anomalib", *map(str, (*arguments, "--export_type", export_type, *options))]
        monkeypatch.setattr(sys, "argv", command)
        anomalib_main()
        said = "".join((*capfd.readouterr(), caplog.text))
        assert "Exported model to" in said  # the log is there
        assert "Traceback" not in said
        return tmp_path / "weights" / export_type / ("model.onnx" if export_type == "onnx" else "model.xml")

    return call


@pytest.mark.parametrize(
    ("export_type", "compression", "size", "tolerance"),
    [
        ("onnx", None, (40, 48), 1e-3),
        ("openvino", None, (40, 48), 1e-3),
        ("openvino", "FP16", (40, 48), 1e-2),
        ("openvino", "INT8", (40, 48), 0.1),
        ("openvino", "INT8_PTQ", None, 0.5),
        ("openvino", "INT8_ACQ", None, 0.5),
    ],
)
def test_every_export_scores_like_the_checkpoint(
    export, checkpoint, images, lace_root, export_type, compression, size, tolerance
):
    options = [] if compression is None else ["--compression_type", compression]
    if size is not None:
        options += ["--input_size", f"[{size[0]},{size[1]}]"]
    if compression in ("INT8_PTQ", "INT8_ACQ"):
        options += ["--data", "anomalib_scadn.SyntheticLace", "--data.root", lace_root]
        options += [text for name, value in LACE.items() for text in (f"--data.{name}", value)]
    path = export(export_type, *options)
    if export_type == "openvino":  # the runtime's own norm, which is less precise, where 8 bits are less precise still
        assert ('type="MVN"' in path.read_text()) == (compression in ("INT8_PTQ", "INT8_ACQ"))
    shutil.copytree(path.parent, path.parents[2] / "alone")  # graph and weights, with whatever metadata are in there
    exported = StripedMaskInferencer(path.parents[2] / "alone" / path.name)
    assert exported.backend.precision == ("int8" if compression in ("INT8_PTQ", "INT8_ACQ") else "f32")
    assert exported.backend.outputs == {"pred_score", "pred_label", "anomaly_map", "pred_mask"}
    reference = StripedMaskInferencer(checkpoint)
    for image in images:
        found, expected = exported.predict(image, reconstruction=True), reference.predict(image, reconstruction=True)
        assert found.raw_score == pytest.approx(expected.raw_score, rel=tolerance)
