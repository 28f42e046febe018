# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Changes of a graph before OpenVINO compiles it: what a size or a precision makes needless goes."""

import numpy as np
import openvino as ov
from openvino import opset13
from openvino.passes import ConstantFolding, Manager

EPSILON = 1e-5
"""What torch's instance norm adds to a variance."""


def remove_resizing(model: ov.Model) -> None:
    """Remove what resizes images that have their new size already: products with identity matrices.

    Args:
        model (ov.Model): Of one size of images, changed.
    """
    images = resized = model.input(0)
    while product := _product_with_identity(resized, model):
        resized = product.output(0)
    if resized != images:
        resized.replace(images)


def _product_with_identity(images: ov.Output, model: ov.Model) -> ov.Node | None:
    for product in (place.get_node() for place in images.get_target_inputs()):
        if product.get_type_name() == "MatMul":
            (factor,) = (value for value in product.input_values() if value != images)
            if _is_identity(factor, model):
                return product
    return None


def _is_identity(value: ov.Output, model: ov.Model) -> bool:
    """Compute a value that depends on the size of images alone, in a model of its own.

    In the whole model folding would take quantized weights for single precision.
    """
    alone = ov.Model([value], model.get_parameters(), "factor").clone()
    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(alone)
    node = alone.output(0).get_node().input_value(0).get_node()
    return node.get_type_name() == "Constant" and np.array_equal(node.data, np.eye(*node.data.shape))


def fuse_norms(model: ov.Model) -> None:
    """Make one operation of each instance norm that takes its means row by row, for precisions that do not need it.

    Args:
        model (ov.Model): Changed.
    """
    for product in model.get_ordered_ops():
        if product.get_type_name() != "Multiply":
            continue
        centred, scale = (value.get_node() for value in product.input_values())
        if centred.get_type_name() == "Subtract" and _means_between(scale, centred) == 2:  # along rows, then of them
            features = centred.input_value(0)
            norm = opset13.mvn(features, np.array([2, 3]), True, EPSILON, "inside_sqrt")  # noqa: FBT003
            product.output(0).replace(norm.output(0))


def _means_between(last: ov.Node, first: ov.Node) -> int:
    """Count the means in the chain of operations from one node to another, 0 if there is no chain."""
    means, node = 0, last
    while node.get_name() != first.get_name():
        means += node.get_type_name() == "ReduceMean"
        given = [value.get_node() for value in node.input_values()]
        if not (computed := [each for each in given if each.get_type_name() != "Constant"]):
            return 0
        node = computed[0]
    return means


def cut_off(model: ov.Model, name: str) -> ov.Model:
    """Cut a model in two at a value.

    Args:
        model (ov.Model): Changed: the value becomes its last input, and what only makes the value is gone.
        name (str): A name of an output that has the value.

    Returns:
        ov.Model: What makes the value, with the model's own inputs.
    """
    value = model.output(name).get_node().input_value(0)
    before = ov.Model([value], model.get_parameters(), name).clone()
    given = opset13.parameter(value.partial_shape, value.element_type, name)
    given.output(0).set_names({name})
    for place in value.get_target_inputs():
        place.replace_source_output(given.output(0))
    model.add_parameters([given])
    model.validate_nodes_and_infer_types()
    return before
