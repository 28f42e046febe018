# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Ways to train: what a run measures, and which file it goes to."""

from argparse import Namespace

import pytest

import ways


@pytest.mark.parametrize(
    ("network", "name"),
    [
        ({}, "ways_lace.json"),
        ({"base_channels": 8}, "curve_lace_8.json"),
        ({"base_channels": 8, "residual": "full"}, "networks_lace_8_full.json"),
        ({"base_channels": 8, "residual": "separable", "residual_blocks": 4}, "networks_lace_8_separable_4.json"),
    ],
)
def test_result_files_are_named_by_what_is_not_the_configurations(network, name):
    missing = dict.fromkeys(ways.NETWORK)
    found = ways.network_of(Namespace(**missing | network))
    assert found == network
    assert ways.file_name("lace", found) == name


def test_a_run_measures_accuracy_and_cost_of_the_network_that_was_asked_for(tree, scadn_config):
    given = {"base_channels": 3, "residual": "separable", "residual_blocks": 2, "reference_images": 2, "test_images": 4}
    sizes = {"image_size": None, "crop_size": None, "stripes": None, "smoothing": [1.0]}
    arguments = Namespace(config=scadn_config, steps=1, every=1, **given, **sizes)
    once, striped = ways.try_way(arguments, f"tiny={tree}", "stripes", seed=0)
    assert ways.keys_of(arguments, "stripes", 0) == ["stripes/once/1/0", "stripes/striped/1/0"]
    # Two blocks of two convolutions of 24 channels: 9 * 24 weights, then 24 * 24 and 24 biases.
    residual = 4 * (9 * 24 + 24 * 24 + 24)
    # Convolutions with biases: 7 x 7 in, three 4 x 4 down, three 3 x 3 up, 7 x 7 out.
    others = (49 * 3 * 3 + 3) + sum(16 * n * 2 * n + 2 * n + 9 * 2 * n * n + n for n in (3, 6, 12)) + (49 * 3 * 3 + 3)
    assert once["parameters"] == striped["parameters"] == residual + others
    assert striped["multiply_adds"] > 5 * once["multiply_adds"]  # eight passes for one, and the score
    assert 0 <= striped["image_AUROC"] <= 1
