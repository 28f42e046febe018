# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Exports appear whole or not at all, and are read with all that belongs to them."""

from pathlib import Path

import onnx
import pytest

from anomalib_scadn.export.companions import find_weights, publish
from anomalib_scadn.files import temporary_folder


@pytest.mark.parametrize("name", ["w.bin", "w" * 40 + ".onnx.data", "w" * 200 + ".bin"])
def test_a_graph_names_the_files_of_its_weights_itself(tmp_path, name):
    tensor = onnx.TensorProto(name="weight", data_type=1, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
    for key, value in (("location", name), ("offset", "0"), ("length", "4")):
        tensor.external_data.add(key=key, value=value)
    graph = onnx.helper.make_graph([], "graph", [], [], initializer=[tensor, tensor])
    (tmp_path / "renamed.onnx").write_bytes(onnx.helper.make_model(graph).SerializeToString())
    with pytest.raises(FileNotFoundError, match=f"renamed.onnx needs its weights in {tmp_path / name}, which does not"):
        find_weights(tmp_path / "renamed.onnx")
    (tmp_path / name).touch()
    assert find_weights(tmp_path / "renamed.onnx") == [tmp_path / name]


def write_export(folder, content):
    weights = folder / "weights/onnx"
    weights.mkdir(parents=True)
    for name in ("model.onnx", "model.onnx.data"):
        (weights / name).write_text(content)
    return weights / "model.onnx"


def test_an_export_replaces_an_older_one(tmp_path):
    for content in ("old", "new"):
        with temporary_folder(tmp_path) as folder:
            graph = publish(write_export(folder, content), folder, tmp_path)
    assert graph == tmp_path / "weights/onnx/model.onnx"
    assert {path.read_text() for path in graph.parent.iterdir()} == {"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


def test_reference_values_of_an_older_export_go(tmp_path):
    (tmp_path / "weights/onnx").mkdir(parents=True)
    (tmp_path / "weights/onnx/model.score.safetensors").write_text("old")
    (tmp_path / "weights/onnx/other.score.safetensors").write_text("another model's")
    with temporary_folder(tmp_path) as folder:
        graph = publish(write_export(folder, "new"), folder, tmp_path)
    names = ["model.onnx", "model.onnx.data", "other.score.safetensors"]
    assert sorted(path.name for path in graph.parent.iterdir()) == names


def test_an_old_graph_never_lies_beside_new_weights(tmp_path, monkeypatch):
    with temporary_folder(tmp_path) as folder:
        old = publish(write_export(folder, "old"), folder, tmp_path)
    replace = Path.replace

    def interrupt(path, target):
        replace(path, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt), temporary_folder(tmp_path) as folder:
        publish(write_export(folder, "new"), folder, tmp_path)
    assert "new" in {path.read_text() for path in old.parent.iterdir()}
    assert not old.exists()
