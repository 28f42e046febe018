# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What changes while a graph is exported for calibration, and only then."""

import nncf
import numpy as np
import openvino.opset13 as opset
import pytest
from anomalib.deploy import CompressionType
from anomalib.models.components.base.export_mixin import ExportMixin
from openvino import Model

from anomalib_scadn import Scadn
from anomalib_scadn.baselines import Dae
from anomalib_scadn.components.post_processor import ScadnPostProcessor
from anomalib_scadn.export import quantization
from anomalib_scadn.export.quantization import (
    check_limits,
    import_build_tools,
    quantizing_up_to,
    sparing_memory,
)
from anomalib_scadn.networks import Generator, InstanceNorm


class Data:
    """What is asked of a data module."""

    eval_batch_size = 32

    def __init__(self, images):
        self._images = images

    def setup(self, stage):
        assert stage == "fit"
        self.test_data = range(self._images)


@pytest.mark.parametrize(
    ("compression_type", "batch_size"),
    [
        (None, 32),
        (CompressionType.FP16, 32),
        (CompressionType.INT8, 32),
        (CompressionType.INT8_PTQ, 1),
        (CompressionType.INT8_ACQ, 3),
    ],
)
def test_calibration_has_small_batches_and_the_runtimes_norm(compression_type, batch_size):
    network, data = Generator(base_channels=1), Data(9)
    norms = [module for module in network.modules() if isinstance(module, InstanceNorm)]
    with sparing_memory(network, compression_type, data):
        assert data.eval_batch_size == batch_size
        assert {norm.export_row_by_row for norm in norms} == {batch_size == 32}
    assert data.eval_batch_size == 32
    assert all(norm.export_row_by_row for norm in norms)


def test_what_was_changed_is_restored_after_a_failure():
    network, data = Generator(base_channels=1), Data(9)

    def fail():
        with sparing_memory(network, CompressionType.INT8_PTQ, data):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert data.eval_batch_size == 32
    assert all(norm.export_row_by_row for norm in network.modules() if isinstance(norm, InstanceNorm))


@pytest.mark.parametrize(("images", "batch_size"), [(1, 2), (2, 2), (3, 3), (4, 2), (7, 4), (13, 5)])
def test_no_image_is_validated_alone(images, batch_size):
    data = Data(images)
    with sparing_memory(Generator(base_channels=1), CompressionType.INT8_ACQ, data):
        assert data.eval_batch_size == batch_size


def test_without_data_the_host_says_what_is_missing():
    network = Generator(base_channels=1)
    with sparing_memory(network, CompressionType.INT8_PTQ, None):
        assert all(norm.export_row_by_row for norm in network.modules() if isinstance(norm, InstanceNorm))


@pytest.mark.parametrize("compression_type", [CompressionType.INT8_PTQ, CompressionType.INT8_ACQ])
def test_a_model_that_was_never_validated_is_not_calibrated(compression_type):
    post_processor = ScadnPostProcessor()
    post_processor.image_min.fill_(0.1)
    with pytest.raises(
        ValueError, match=f"{compression_type.name} needs .* unknown are those of anomaly_map, pred_score"
    ):
        check_limits(post_processor, compression_type, maps=True)
    for name in ("image_max", "pixel_min", "pixel_max"):
        getattr(post_processor, name).fill_(0.2)
    check_limits(post_processor, compression_type, maps=True)


def test_a_model_without_maps_needs_the_images_limits_alone():
    post_processor = ScadnPostProcessor()
    with pytest.raises(ValueError, match=r"unknown are those of pred_score: call Engine.validate"):
        check_limits(post_processor, CompressionType.INT8_PTQ, maps=False)
    for name in ("image_min", "image_max"):
        getattr(post_processor, name).fill_(0.2)
    check_limits(post_processor, CompressionType.INT8_PTQ, maps=False)
    with pytest.raises(ValueError, match=r"unknown are those of anomaly_map: call Engine.validate"):
        check_limits(post_processor, CompressionType.INT8_PTQ, maps=True)


def test_without_calibration_or_normalization_limits_may_be_unknown():
    check_limits(ScadnPostProcessor(), CompressionType.INT8, maps=True)
    check_limits(ScadnPostProcessor(enable_normalization=False), CompressionType.INT8_PTQ, maps=True)
    check_limits(None, CompressionType.INT8_PTQ, maps=True)


@pytest.fixture
def graph():
    """Double the values, give that a name, and add it to the values' halves."""
    values = opset.parameter([1, 4], name="values", dtype=np.float32)
    two, half = (opset.constant([number], dtype=np.float32) for number in (2.0, 0.5))
    doubled = opset.multiply(values, two, name="doubled")
    doubled.output(0).set_names({"painted"})
    halved = opset.multiply(values, half, name="halved")
    return Model([opset.result(opset.add(doubled, halved, name="sum"), name="answer")], [values])


def test_nothing_but_what_makes_a_value_is_quantized(graph, monkeypatch):
    asked = []
    for name in ("quantize", "quantize_with_accuracy_control"):
        monkeypatch.setattr(nncf, name, lambda *_, ignored_scope=None: asked.append(ignored_scope))
    before = nncf.quantize, nncf.quantize_with_accuracy_control
    with quantizing_up_to(graph, "painted"):
        nncf.quantize(graph, None)
        nncf.quantize_with_accuracy_control(graph, None)
    for scope in asked:
        assert {"halved", "sum", "answer"} <= set(scope.names)
        assert not {"values", "doubled"} & set(scope.names)
    assert len(asked) == 2
    assert (nncf.quantize, nncf.quantize_with_accuracy_control) == before


def test_nncf_is_as_before_after_a_failure(graph):
    def fail():
        with quantizing_up_to(graph, "painted"):
            raise RuntimeError

    before = nncf.quantize, nncf.quantize_with_accuracy_control
    with pytest.raises(RuntimeError):
        fail()
    assert (nncf.quantize, nncf.quantize_with_accuracy_control) == before


def test_a_value_that_the_graph_lacks_is_named(graph):
    with pytest.raises(ValueError, match="no value 'repainted'"), quantizing_up_to(graph, "repainted"):
        pass


@pytest.mark.parametrize(
    ("compression_type", "imported"),
    [
        (None, []),
        (CompressionType.FP16, []),
        (CompressionType.INT8, ["torch.utils.cpp_extension"]),
        (CompressionType.INT8_PTQ, ["torch.utils.cpp_extension"]),
        (CompressionType.INT8_ACQ, ["torch.utils.cpp_extension"]),
    ],
)
def test_build_tools_are_imported_where_nncf_will_be(compression_type, imported, monkeypatch):
    found = []
    monkeypatch.setattr(quantization, "import_module", found.append)
    import_build_tools(compression_type)
    assert found == imported


def test_build_tools_may_be_missing(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(quantization, "import_module", fail)
    import_build_tools(CompressionType.INT8)


@pytest.mark.parametrize("kind", [Scadn, Dae])
def test_build_tools_are_imported_before_a_graph_is_converted(kind, monkeypatch, tmp_path):
    found = []

    def convert(*_arguments):
        found.append("conversion")
        raise KeyboardInterrupt

    monkeypatch.setattr(quantization, "import_module", found.append)
    monkeypatch.setattr(ExportMixin, "to_openvino", convert)
    with pytest.raises(KeyboardInterrupt):
        kind(image_size=32, base_channels=2, seed=0).to_openvino(tmp_path, compression_type=CompressionType.INT8)
    assert found == ["torch.utils.cpp_extension", "conversion"]
