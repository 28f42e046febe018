# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from anomalib_scadn import CompositeScore
from anomalib_scadn.components.post_processor import ScadnPostProcessor
from anomalib_scadn.deploy.backends import Backend
from anomalib_scadn.deploy.ignoring import check_score, check_something_left, fit_ignored, leave_out
from anomalib_scadn.export.description import describe
from anomalib_scadn.torch_model import ScadnModel


class Loaded(Backend):
    """A model that runs nothing."""

    def run(self, batch, *, reconstruction=False):
        return {}


def test_the_scale_of_a_composite_score_is_the_one_that_stands_out_in_what_is_left():
    scorer = CompositeScore(errors=("mse",), standardize="none", smoothing=0.0, pooling="max")
    model = ScadnModel((32, 32), 2, (4, 8), 0.0, scorer)
    backend = Loaded(describe(model, ScadnPostProcessor(), "full"), "f32")
    maps = torch.zeros(1, 2, 32, 32).numpy()
    maps[0, 0, 0, 0], maps[0, 1, 20, 20] = 9, 4
    values = {"raw_map": maps.max(axis=1), "scale_maps": maps, "raw_score": np.array([9.0], dtype=np.float32)}
    ignored = np.zeros((1, 32, 32), dtype=bool)
    assert leave_out({**values, "selected_scale": np.array([0])}, ignored, backend)["selected_scale"] == [0]
    ignored[0, :4, :4] = True
    found = leave_out({**values, "selected_scale": np.array([0])}, ignored, backend)
    assert (found["raw_score"].tolist(), found["selected_scale"].tolist()) == ([4.0], [1])


@pytest.mark.parametrize(("height", "width"), [(50, 100), (67, 133), (66, 133), (5, 10), (7, 13)])
def test_a_region_of_no_interest_is_scaled(height, width):
    ignored = np.arange(100) < np.full((50, 1), 40)
    found = fit_ignored(ignored, height, width)
    assert found.shape == (height, width)
    assert found.mean() == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(("height", "width"), [(100, 100), (100, 50), (500, 1100)])
def test_a_region_of_no_interest_is_not_stretched(height, width):
    with pytest.raises(ValueError, match=f"the proportions of the image, {width} x {height} pixels, got 100 x 50"):
        fit_ignored(np.zeros((50, 100), dtype=bool), height, width)


def test_an_image_of_which_nothing_is_left_has_no_score():
    check_something_left({"raw_score": np.array([0.5]), "raw_map": np.zeros((1, 8, 16))})
    with pytest.raises(ValueError, match="nothing to score of a map of 16 x 8 pixels"):
        check_something_left({"raw_score": np.array([0.5, -np.inf]), "raw_map": np.zeros((2, 8, 16))})


def test_what_is_left_cannot_be_scored_by_an_unknown_class():
    with pytest.raises(ValueError, match=r"unknown score 'mine\.Score'"):
        check_score(SimpleNamespace(metadata=SimpleNamespace(score={"class_path": "mine.Score"})))
