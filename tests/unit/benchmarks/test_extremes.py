# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The best and worst separated images of a run."""

import numpy as np
import pytest
import torch

from pictures import choose_extremes, draw_extremes


def test_the_lowest_and_highest_scores_of_each_class_are_chosen():
    scores = torch.tensor([3.0, 1.0, 2.0, 5.0, 4.0, 6.0, 7.0, 0.0, 9.0, 8.0])
    labels = torch.tensor([0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    assert list(choose_extremes(scores, labels).values()) == [[1, 2, 0], [6, 5, 3], [8, 9], [7]]


@pytest.mark.parametrize(("labels", "expected"), [([0], [[0]]), ([1, 1], [[1], [0]]), ([0, 1], [[0], [1]])])
def test_no_image_is_shown_twice_and_no_group_is_empty(labels, expected):
    scores = torch.arange(len(labels)).float()
    assert list(choose_extremes(scores, torch.tensor(labels)).values()) == expected


@pytest.mark.parametrize("repaints", [True, False])
def test_each_image_is_drawn_with_its_outline_map_and_composite(repaints):
    masks = np.zeros((3, 8, 8), dtype=bool)
    masks[2, 2:4, 2:5] = True
    arrays = {
        "names": np.array(["test/good/a.png", "test/good/b.png", "test/hole/c.png"]),
        "images": np.zeros((3, 8, 8, 3), dtype=np.uint8),
        "masks": masks,
        "maps": np.arange(192.0).reshape(3, 8, 8),
        "limits": np.array([-1.0, 200.0]),
    }
    if repaints:
        arrays["composites"] = arrays["images"]
    groups = {"normal, best: lowest scores": [5, 7], "anomalous, best: highest scores": [1]}
    figure = draw_extremes(groups, arrays, [0.25, 0.5, 0.75], "tiny")
    drawn = [axis for axis in figure.axes if axis.images]
    panels = 3 if repaints else 2
    assert [axis.get_title() for axis in drawn[::panels]] == [
        "0.2500\ngood/a.png", "0.5000\ngood/b.png", "0.7500\nhole/c.png"
    ]  # fmt: skip
    assert len(drawn) == 3 * panels
    assert [bool(axis.collections) for axis in drawn[::panels]] == [False, False, True]
    assert np.array_equal(drawn[panels + 1].images[0].get_array(), arrays["maps"][1])
    assert drawn[1].images[0].get_clim() == (-1.0, 200.0)
