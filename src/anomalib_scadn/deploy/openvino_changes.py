# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Changes of a graph before OpenVINO compiles it: what a size or a precision makes needless goes."""

from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino import opset13
from openvino.passes import ConstantFolding, Manager


def remove_resizing(model: ov.Model) -> None:
    """Remove what resizes images that have their new size already: products with identity matrices.

    Args:
        model (ov.Model): Of one size of images, changed.
    """
    images, products = model.input(0), []
    while step := _step_of_resizing(images, model):
        if step.get_type_name() == "MatMul":
            products.append((step.output(0), images))
        images = step.output(0)
    for product, given in reversed(products):
        product.replace(given)


def _step_of_resizing(images: ov.Output, model: ov.Model) -> ov.Node | None:
    """Find a product with an identity matrix, or what quantizes images before one."""
    for node in (place.get_node() for place in images.get_target_inputs()):
        if node.get_type_name() == "FakeQuantize":
            return node
        if node.get_type_name() == "MatMul":
            (factor,) = (value for value in node.input_values() if value != images)
            if _is_identity(factor, model):
                return node
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
        between = _chain(scale, centred) if centred.get_type_name() == "Subtract" else []
        kinds = [node.get_type_name() for node in between]
        # Means along rows, then of them, and the root of their sum with a number.
        if kinds.count("ReduceMean") == 2 and kinds.count("Sqrt") == kinds.count("Add") == 1:
            added = (_constant(value.get_node()) for value in between[kinds.index("Add")].input_values())
            (epsilon,) = (value.item() for value in added if value is not None)
            axes = np.array([2, 3])
            norm = opset13.mvn(centred.input_value(0), axes, True, epsilon, "inside_sqrt")  # noqa: FBT003
            product.output(0).replace(norm.output(0))


def _chain(last: ov.Node, first: ov.Node) -> list[ov.Node]:
    """List the operations from one node back to another, without that; none if there is no chain."""
    found, node = [], last
    while node.get_name() != first.get_name():
        found.append(node)
        computed = [given for value in node.input_values() if _constant(given := value.get_node()) is None]
        if not computed:
            return []
        node = computed[0]
    return found


def _constant(node: ov.Node) -> npt.NDArray[Any] | None:
    """Give a constant's value: in a compressed model, that of the conversion of one in half precision."""
    if node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return node.data if node.get_type_name() == "Constant" else None


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
