# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Ways to train: what a run measures, and which file it goes to."""

from argparse import Namespace

import pytest

import ways
from anomalib_scadn.anomalies import draw_anomalies


@pytest.mark.parametrize(
    ("network", "name"),
    [
        ({}, "ways_lace.json"),
        ({"base_channels": 8}, "curve_lace_8.json"),
        ({"base_channels": 8, "residual": "full"}, "networks_lace_8_full.json"),
        ({"base_channels": 8, "residual": "separable", "residual_blocks": 4}, "networks_lace_8_separable_4.json"),
        ({"base_channels": 8, "image_size": 256}, "curve_lace_8_256.json"),
        ({"image_size": 64}, "ways_lace_64.json"),
        ({"without": "line"}, "without_lace_line.json"),
    ],
)
def test_result_files_are_named_by_what_is_not_the_configurations(network, name):
    missing = dict.fromkeys((*ways.NETWORK, "image_size", "without"))
    found = ways.changes_of(Namespace(**missing | network))
    assert found == network
    assert ways.file_name("lace", found) == name


@pytest.fixture
def arguments(scadn_config):
    """What the command line gives for one step of a tiny model."""
    given = {**dict.fromkeys(ways.NETWORK), "without": None, "reference_images": 2, "test_images": 4}
    sizes = {"image_size": None, "crop_size": None, "stripes": None, "smoothing": [1.0]}
    return Namespace(config=scadn_config, steps=1, every=1, **given, **sizes)


def test_a_run_measures_accuracy_and_cost_of_the_network_that_was_asked_for(tree, arguments):
    vars(arguments).update({"base_channels": 3, "residual": "separable", "residual_blocks": 2})
    once, striped = ways.try_way(arguments, f"tiny={tree}", "stripes", seed=0)
    assert ways.keys_of(arguments, "stripes", 0) == ["stripes/once/1/0", "stripes/striped/1/0"]
    # Two blocks of two convolutions of 24 channels: 9 * 24 weights, then 24 * 24 and 24 biases.
    residual = 4 * (9 * 24 + 24 * 24 + 24)
    # Convolutions with biases: 7 x 7 in, three 4 x 4 down, three 3 x 3 up, 7 x 7 out.
    others = (49 * 3 * 3 + 3) + sum(16 * n * 2 * n + 2 * n + 9 * 2 * n * n + n for n in (3, 6, 12)) + (49 * 3 * 3 + 3)
    assert once["parameters"] == striped["parameters"] == residual + others
    assert striped["multiply_adds"] > 5 * once["multiply_adds"]  # eight passes for one, and the score
    assert 0 <= striped["image_AUROC"] <= 1


@pytest.mark.parametrize(
    ("kind", "argument", "left"),
    [("line", "shapes", ["blob", "ellipse"]), ("patch", "fillings", ["light", "colour", "blur"]), (None, None, None)],
)
def test_training_lacks_the_kind_that_is_left_out(kind, argument, left, tree, arguments, monkeypatch):
    drawn = []
    arguments.without = kind

    def draw(images, generator, **kinds):
        drawn.append(kinds)
        return draw_anomalies(images, generator, **kinds)

    monkeypatch.setattr(ways, "draw_anomalies", draw)
    ways.try_way(arguments, f"tiny={tree}", "repair", seed=0)
    assert drawn == [{} if kind is None else {argument: left}]
