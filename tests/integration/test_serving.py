# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Serving: the example for cameras runs, and the document says what a graph really has."""

import re
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest

ROOT = Path(__file__).resolve().parents[2]
TYPES = {"TYPE_FP32": "tensor(float)", "TYPE_BOOL": "tensor(bool)"}


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "frames.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (48, 40))
    for frame in np.random.default_rng(0).integers(0, 256, (3, 40, 48, 3), dtype=np.uint8):
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture
def watch(monkeypatch, capsys):
    """Run the example; gives the lines that it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["camera.py", *map(str, arguments)])
        runpy.run_path(str(ROOT / "examples" / "camera.py"), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def test_frames_of_a_video_are_scored_and_the_median_latency_is_printed(exported, video, watch):
    capture = cv2.VideoCapture(str(video))
    frames = [np.ascontiguousarray(capture.read()[1][..., ::-1]) for _ in range(3)]
    expected = exported.predict("onnx", frames)
    *lines, last = [line.split() for line in watch(exported.files["onnx"], video)]
    assert [line[0] for line in lines] == ["0", "1", "2"]
    assert [float(line[1]) for line in lines] == pytest.approx([result.pred_score for result in expected], abs=6e-4)
    assert [line[2] == "anomalous" for line in lines] == [result.pred_label for result in expected]
    assert float(last[-2]) == sorted(float(line[3]) for line in lines)[1]
    assert last[:4] == ["3", "frames,", "median", "latency"]


def test_a_source_without_frames_is_one_line(exported, tmp_path, watch):
    (tmp_path / "text.avi").write_text("no video")
    with pytest.raises(SystemExit, match=r"^error: .*text\.avi gives no frame, expected"):
        watch(exported.files["onnx"], tmp_path / "text.avi")


def test_tritons_configuration_is_that_of_an_export(exported):
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    entry = re.compile(r'{ name: "(\w+)" data_type: (\w+) dims: \[ ([^\]]*) \]( reshape: { shape: \[ \] })? }')
    found = {name: (TYPES[kind], dims.split(", "), bool(flat)) for name, kind, dims, flat in entry.findall(text)}
    session = ort.InferenceSession(exported.files["onnx"], providers=["CPUExecutionProvider"])
    sizes = {"height": "-1", "width": "-1", 32: "256"}  # the document's model has 256 x 256 pixels

    def described(value):
        flat = len(value.shape) == 1
        return value.type, ["1"] if flat else [str(sizes.get(side, side)) for side in value.shape[1:]], flat

    assert found == {value.name: described(value) for value in (*session.get_inputs(), *session.get_outputs())}
