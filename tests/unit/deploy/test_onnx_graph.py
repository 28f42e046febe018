# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

from itertools import pairwise

import numpy as np
import pytest

from anomalib_scadn.export.description import describe
from anomalib_scadn.export.metadata import embed_metadata
from anomalib_scadn.torch_model import ScadnModel

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def test_a_name_in_the_exporters_notes_is_no_inner_value(tmp_path):
    from anomalib_scadn.deploy.onnx_graph import OnnxGraph

    names = ("input", "raw_map", "pred_score")
    nodes = [onnx.helper.make_node("Identity", [old], [new]) for old, new in pairwise(names)]
    nodes[0].doc_string = 'File "paper.py", line 121, in forward\n    scale_maps = merge_errors(errors)'
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in names]
    graph = onnx.helper.make_graph(nodes, "graph", [values[0]], [values[2]])
    opset = [onnx.helper.make_opsetid("", 18)]
    onnx.save(onnx.helper.make_model(graph, ir_version=10, opset_imports=opset), tmp_path / "model.onnx")
    embed_metadata(describe(ScadnModel((32, 32), base_channels=1, stripes=(4,)), None, "full"), tmp_path / "model.onnx")
    found = OnnxGraph(tmp_path / "model.onnx", "cpu", "f32", {}).run(np.ones(1, dtype=np.float32))
    assert found == {"pred_score": 1, "raw_map": 1}
