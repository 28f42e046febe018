# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Calibration of 8-bit graphs: little memory, finite limits, scores in single precision, no deadlock.

Statistics are collected at every operation, for all masked passes of a batch together. anomalib takes the data module's
batches, 32 images by default, and instance norm in many small operations multiplies the places to collect at.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from anomalib.data import AnomalibDataModule
from anomalib.deploy import CompressionType
from anomalib.post_processing import PostProcessor
from torch import nn

from anomalib_scadn.networks import InstanceNorm
from anomalib_scadn.training.thresholds import VALUES, fitted_outputs

if TYPE_CHECKING:
    from openvino import Model

CALIBRATED = (CompressionType.INT8_PTQ, CompressionType.INT8_ACQ)
"""Kinds of compression that look at images."""


def import_build_tools(compression_type: CompressionType | None) -> None:
    """Import, before a graph is converted, what nncf would import right after it.

    OpenVINO's telemetry then forks in threads, which takes the lock of logging and then that of imports. setuptools,
    which torch's build tools need, takes them in the other order, and both would wait forever.

    Args:
        compression_type (CompressionType | None): As anomalib's; nncf is asked for those of 8 bits.
    """
    if compression_type not in (None, CompressionType.FP16):
        with suppress(ImportError):  # without setuptools nncf does without, too
            import_module("torch.utils.cpp_extension")


def check_limits(post_processor: PostProcessor | None, compression_type: CompressionType | None, *, maps: bool) -> None:
    """Raise if calibration would meet limits that are no numbers: such a graph is written, and cannot be loaded.

    Args:
        post_processor (PostProcessor | None): As anomalib's.
        compression_type (CompressionType | None): As anomalib's.
        maps (bool): Whether the model has maps, whose limits then matter too.

    Raises:
        ValueError: If the model was never validated, but normalizes; the message says what to do.
    """
    if compression_type not in CALIBRATED or post_processor is None or not post_processor.enable_normalization:
        return
    unknown = {value for level, value in VALUES.items() if maps or level == "image"} - fitted_outputs(post_processor)
    if unknown:
        msg = (
            f"{compression_type.name} needs a model that was validated, whose limits of normalization are numbers; "
            f"unknown are those of {', '.join(sorted(unknown))}: call Engine.validate, or export without calibration"
        )
        raise ValueError(msg)


@contextmanager
def sparing_memory(
    network: nn.Module, compression_type: CompressionType | None, datamodule: AnomalibDataModule | None
) -> Iterator[None]:
    """Export for calibration: the runtime's own instance norm, images one by one, or, for ``INT8_ACQ``, few by few.

    The norm's lost digits do not count beside a quantization to 8 bits.

    Args:
        network (nn.Module): What is exported.
        compression_type (CompressionType | None): As anomalib's; nothing is done for those without calibration.
        datamodule (AnomalibDataModule | None): Whose validation images calibrate; its batch size is restored.

    Yields:
        None: While the graph is exported.
    """
    if compression_type not in CALIBRATED or datamodule is None:
        yield
        return
    norms = [module for module in network.modules() if isinstance(module, InstanceNorm)]
    batch_size = datamodule.eval_batch_size
    datamodule.eval_batch_size = 1 if compression_type == CompressionType.INT8_PTQ else _few(datamodule)
    for norm in norms:
        norm.export_row_by_row = False
    try:
        yield
    finally:
        datamodule.eval_batch_size = batch_size
        for norm in norms:
            norm.export_row_by_row = True


def _few(datamodule: AnomalibDataModule) -> int:
    """Choose the smallest batch that leaves no image alone: anomalib squeezes its results to no dimension at all."""
    datamodule.setup("fit")
    images = len(datamodule.test_data)
    return next((size for size in range(2, images + 1) if images % size != 1), 2)


@contextmanager
def quantizing_up_to(graph: "Model", value: str) -> Iterator[None]:
    """Let nncf quantize, or compress the weights of, no operations but those that a value is made by.

    anomalib passes no scope on to nncf, so nncf's functions have it as their default for the while.

    Args:
        graph (Model): OpenVINO graph that will be quantized.
        value (str): Name of an inner value, e.g. what the generator painted.

    Yields:
        None: While the graph is quantized.

    Raises:
        ValueError: If the graph has no such value.
    """
    import nncf

    others = {node.get_friendly_name() for node in graph.get_ops()} - _makers(graph, value)
    scope = nncf.IgnoredScope(names=sorted(others), validate=False)
    functions = {
        name: getattr(nncf, name) for name in ("quantize", "quantize_with_accuracy_control", "compress_weights")
    }
    try:
        for name, function in functions.items():
            setattr(nncf, name, partial(function, ignored_scope=scope))
        yield
    finally:
        for name, function in functions.items():
            setattr(nncf, name, function)


def _makers(graph: "Model", value: str) -> set[str]:
    """Names of all operations that a value is made by, at once or earlier."""
    waiting = [node for node in graph.get_ops() for output in node.outputs() if value in output.get_names()]
    if not waiting:
        msg = f"the graph has no value {value!r}"
        raise ValueError(msg)
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() not in found:
            found.add(node.get_friendly_name())
            waiting += [source.get_node() for source in node.input_values()]
    return found
