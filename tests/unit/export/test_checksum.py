# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

from xml.etree import ElementTree as ET

import onnx
import pytest

from anomalib_scadn.export.checksum import CHECKSUM, check_checksum, compute_checksum, write_checksum
from anomalib_scadn.export.companions import find_companions


def write_graph(path):
    """Write a graph whose weights lie in ``w.bin``."""
    tensor = onnx.TensorProto(name="weight", data_type=1, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="w.bin")
    graph = onnx.helper.make_graph([], "graph", [], [], initializer=[tensor])
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())


def read_checksum(path):
    if path.suffix == ".onnx":
        (found,) = (prop.value for prop in onnx.load(path, load_external_data=False).metadata_props)
        return found
    (found,) = ET.parse(path).iterfind(f"rt_info/framework/{CHECKSUM}")  # noqa: S314  # just written
    return found.get("value")


@pytest.mark.parametrize("name", ["w.onnx", "w.xml"])
def test_weights_that_were_changed_on_purpose_get_a_new_checksum(tmp_path, name):
    graph, weights = tmp_path / name, tmp_path / "w.bin"
    weights.write_bytes(b"old")
    (tmp_path / "notes.txt").write_text("what else lies there does not count")
    if graph.suffix == ".onnx":
        write_graph(graph)
    else:
        graph.write_text("<net/>")
    write_checksum(graph)
    check_checksum(graph, read_checksum(graph), [weights])
    weights.write_bytes(b"new")
    with pytest.raises(ValueError, match=f"{graph} was not exported with {weights}"):
        check_checksum(graph, read_checksum(graph), [weights])
    write_checksum(graph)
    assert read_checksum(graph) == compute_checksum(find_companions(graph)) == compute_checksum([weights])
