# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What means something depends on what validation has fitted."""

import pytest

from anomalib_scadn.components.post_processor import ScadnPostProcessor
from anomalib_scadn.training.thresholds import fitted_outputs, is_validated, warn_if_never_validated

IMAGE = {"image_min": 0.1, "image_max": 0.3, "_image_threshold": 0.2}
PIXEL = {"pixel_min": 0.0, "pixel_max": 0.9, "_pixel_threshold": 0.4}
ALL = {"pred_score", "pred_label", "anomaly_map", "pred_mask"}


def make(buffers, **arguments):
    post_processor = ScadnPostProcessor(**arguments)
    for name, value in buffers.items():
        getattr(post_processor, name).fill_(value)
    return post_processor


def without(buffers, *names):
    return {name: value for name, value in buffers.items() if name not in names}


@pytest.mark.parametrize(
    ("post_processor", "outputs", "validated"),
    [
        (None, set(), True),
        (make({}), set(), False),
        (make(IMAGE | PIXEL), ALL, True),
        (make(IMAGE), {"pred_score", "pred_label"}, True),
        (make(PIXEL), {"anomaly_map", "pred_mask"}, False),
        (make(without(IMAGE, "image_max")), set(), False),
        # anomalib takes the other threshold unless it was told not to.
        (make(without(IMAGE | PIXEL, "_pixel_threshold")), ALL, True),
        (make(without(IMAGE | PIXEL, "_pixel_threshold"), enable_threshold_matching=False), ALL - {"pred_mask"}, True),
        (make(without(IMAGE, "_image_threshold")), {"pred_score"}, True),
        # Its thresholds are those of normalized values.
        (make(IMAGE | PIXEL, enable_normalization=False), set(), True),
    ],
)
def test_outputs_need_limits_and_decisions_a_threshold(post_processor, outputs, validated, caplog):
    assert fitted_outputs(post_processor) == outputs
    assert is_validated(post_processor) == validated
    warn_if_never_validated(post_processor, "model.onnx")
    assert ("model.onnx was never validated, so there are raw scores" in caplog.text) != validated
