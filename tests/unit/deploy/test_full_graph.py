# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a full graph is given."""

import numpy as np
import pytest

from anomalib_scadn.components.post_processor import ScadnPostProcessor
from anomalib_scadn.components.resampling import resize_array
from anomalib_scadn.deploy.full_graph import FullGraphBackend
from anomalib_scadn.export.description import describe
from anomalib_scadn.export.values import INNER_VALUES
from anomalib_scadn.torch_model import ScadnModel


class GivenError(Exception):
    """Carries what a graph was given."""


class Graph:
    """A graph that is given images and runs nothing."""

    path, precision, checksum, output_names = "model.xml", "f32", None, list(INNER_VALUES)

    def __init__(self, input_shape, *, resizes):
        self.input_shape = input_shape
        model = ScadnModel((32, 40), base_channels=1, stripes=(4,))
        self.metadata = describe(model, ScadnPostProcessor(), "full", resizes=resizes)

    def run(self, batch):
        raise GivenError(batch)


def given(batch, *sides, resizes=True):
    with pytest.raises(GivenError) as caught:
        FullGraphBackend(Graph((None, 3, *sides), resizes=resizes)).run(batch)
    return caught.value.args[0]


@pytest.fixture
def batch():
    return np.random.default_rng(0).random((2, 3, 50, 30), dtype=np.float32)


@pytest.mark.parametrize("resizes", [True, False])
def test_a_graph_of_any_size_is_given_raw_images(batch, resizes):
    np.testing.assert_array_equal(given(batch, None, None, resizes=resizes), batch)


def test_images_of_the_models_size_are_given_as_they_are(batch):
    same = batch[..., :32, :].repeat(2, axis=-1)[..., :40]
    np.testing.assert_array_equal(given(same, 32, 40), same)


def test_a_graph_of_one_size_is_given_that_or_the_models(batch):
    np.testing.assert_array_equal(given(batch, 50, 30), batch)
    np.testing.assert_array_equal(given(batch, 32, 40), resize_array(batch, (32, 40)))
    with pytest.raises(ValueError, match=r"takes images of 50 x 31 pixels only, got \(50, 30\)"):
        given(batch, 50, 31)
