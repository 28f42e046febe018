# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import torch

from anomalib_scadn import CompositeScore
from anomalib_scadn.components.post_processor import ScadnPostProcessor
from anomalib_scadn.deploy.backends import Backend
from anomalib_scadn.deploy.ignoring import leave_out
from anomalib_scadn.export.description import describe
from anomalib_scadn.torch_model import ScadnModel


class Loaded(Backend):
    """A model that runs nothing."""

    def run(self, batch, *, reconstruction=False):
        raise NotImplementedError


def test_the_scale_of_a_composite_score_is_the_one_that_stands_out_in_what_is_left():
    scorer = CompositeScore(errors=("mse",), standardize="none", smoothing=0.0, pooling="max")
    model = ScadnModel((32, 32), 2, (4, 8), 0.0, scorer)
    backend = Loaded(describe(model, ScadnPostProcessor(), "full"))
    maps = torch.zeros(1, 2, 32, 32).numpy()
    maps[0, 0, 0, 0], maps[0, 1, 20, 20] = 9, 4
    values = {"raw_map": maps.max(axis=1), "scale_maps": maps, "raw_score": np.array([9.0], dtype=np.float32)}
    ignored = np.zeros((1, 32, 32), dtype=bool)
    assert leave_out({**values, "selected_scale": np.array([0])}, ignored, backend)["selected_scale"] == [0]
    ignored[0, :4, :4] = True
    found = leave_out({**values, "selected_scale": np.array([0])}, ignored, backend)
    assert (found["raw_score"].tolist(), found["selected_scale"].tolist()) == ([4.0], [1])
