# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A score from its name and arguments: those of the other score are named, not silently dropped."""

import pytest

from anomalib_scadn.scoring import build_score


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (
            {"score": "paper", "errors": ["ssim"], "pooling": "top"},
            "'paper' does not heed errors=('ssim',), pooling='top'",
        ),
        ({"score": "paper", "backbone": "resnet34"}, "'paper' does not heed backbone='resnet34'"),
        ({"score": "composite", "merge": "mean"}, "'composite' does not heed merge='mean'"),
        ({"score": "composite", "subtract_reference": False}, "'composite' does not heed subtract_reference=False"),
    ],
)
def test_what_only_the_other_score_takes_is_named(arguments, named, caplog):
    build_score(**arguments, scales=3, size=(32, 32))
    assert named in caplog.text


@pytest.mark.parametrize(
    "arguments",
    [
        {"score": "paper", "merge": "mean", "errors": ["mse", "ssim", "msgms"], "smoothing": [1, 2, 4, 8]},
        {"score": "paper", "backbone_weights": "checkpoint"},
        {"score": "composite", "errors": ["mse"], "pooling": "mean", "smoothing": [2.0]},
    ],
)
def test_nothing_is_said_of_defaults_and_own_arguments(arguments, caplog):
    build_score(**arguments, scales=3, size=(32, 32))
    assert not caplog.text
