# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Changes of a graph leave its answer as it is."""

import numpy as np
import openvino as ov
import pytest
import torch
from openvino import opset13
from torch import nn

from anomalib_scadn.components.pre_processor import resize
from anomalib_scadn.deploy.openvino_changes import cut_off, fuse_norms, remove_resizing
from anomalib_scadn.networks import InstanceNorm, layers


class Network(nn.Module):
    """Resize images, then norms of convolutions, one of them added to what it norms."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.norm = nn.Conv2d(3, 2, 3), nn.Conv2d(2, 2, 1), InstanceNorm(2)

    def forward(self, images):
        features = self.norm(self.first(resize(images, (24, 32))))
        return features.relu() + self.norm(self.second(features)) * 3


@pytest.fixture
def images():
    return torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def graph(images, monkeypatch, tmp_path):
    monkeypatch.setattr(layers, "PIXELS_IN_ONE_SUM", 0)
    torch.manual_seed(0)
    names = {"input_names": ["images"], "output_names": ["features"], "verbose": False}
    sizes = {"images": {2: torch.export.Dim("height"), 3: torch.export.Dim("width")}}
    torch.onnx.export(Network().eval(), (images,), tmp_path / "network.onnx", dynamic_shapes=sizes, **names)
    model = ov.Core().read_model(tmp_path / "network.onnx")
    model.reshape([1, 3, 24, 32])
    return model


def run(model, *inputs):
    compiled = ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return torch.from_numpy(compiled([given.numpy() for given in inputs])[0])


def find(model, kind):
    return [node for node in model.get_ordered_ops() if node.get_type_name() == kind]


def count(model, kind):
    return len(find(model, kind))


@pytest.mark.parametrize("compressed", [False, True])
def test_norms_by_rows_become_one_operation_each(graph, images, tmp_path, compressed):
    ov.save_model(graph, tmp_path / "network.xml", compress_to_fp16=compressed)
    graph = ov.Core().read_model(tmp_path / "network.xml")
    expected = run(graph, images)
    fuse_norms(graph)
    assert (count(graph, "MVN"), count(graph, "ReduceMean")) == (2, 0)
    torch.testing.assert_close(run(graph, images), expected, atol=1e-5, rtol=1e-5)


def test_images_of_the_right_size_are_not_resized(graph, images):
    expected = run(graph, images)
    assert count(graph, "MatMul") == 2
    remove_resizing(graph)
    assert count(graph, "MatMul") == 0
    torch.testing.assert_close(run(graph, images), expected, atol=1e-5, rtol=1e-5)


def test_quantized_images_of_the_right_size_are_not_resized(graph, images):
    places = graph.input(0).get_target_inputs()
    low, high = np.float32(0), np.float32(1)
    quantized = opset13.fake_quantize(graph.input(0), low, high, low, high, 256)
    for place in places:
        place.replace_source_output(quantized.output(0))
    expected = run(graph, images)
    remove_resizing(graph)
    assert (count(graph, "FakeQuantize"), count(graph, "MatMul")) == (1, 0)
    torch.testing.assert_close(run(graph, images), expected, atol=1e-5, rtol=1e-5)


def test_images_of_another_size_still_are(graph):
    graph.reshape([1, 3, 48, 40])
    remove_resizing(graph)
    assert count(graph, "MatMul") == 2


def test_quantized_weights_are_not_folded(graph):
    convolution = find(graph, "Convolution")[0]
    low, high = np.float32(-0.5), np.float32(0.5)
    quantized = opset13.fake_quantize(convolution.input_value(1), low, high, low, high, 255)
    convolution.input(1).replace_source_output(quantized.output(0))
    remove_resizing(graph)
    assert (count(graph, "FakeQuantize"), count(graph, "MatMul")) == (1, 0)


def test_two_parts_give_the_answer_of_the_whole(graph, images):
    expected = run(graph, images)
    convolution = find(graph, "Convolution")[0]
    convolution.output(0).set_names({"cut"})
    graph.add_outputs("cut")
    before = cut_off(graph, "cut")
    torch.testing.assert_close(run(graph, images, run(before, images)), expected, atol=1e-5, rtol=1e-5)
