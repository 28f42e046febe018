# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Checks of argument values."""

import re

import pytest
from omegaconf import OmegaConf

from anomalib_scadn.checks import (
    as_image_size,
    as_stripes,
    as_widths,
    check_count,
    check_decay,
    check_installed,
    check_not_negative,
    check_same_arguments,
    check_same_size,
    check_seed,
)


@pytest.mark.parametrize("smoothing", [2, 2.0, [2.0], OmegaConf.create([2.0])])
def test_a_width_and_a_list_of_one_become_a_plain_tuple(smoothing):
    assert as_widths(smoothing) == (2.0,)
    assert type(as_widths(smoothing)) is tuple


@pytest.mark.parametrize("smoothing", ["4", ["4"], [[1.0]], [None], [True], None])
def test_what_is_no_width_is_named(smoothing):
    with pytest.raises(ValueError, match=re.escape(f"got {smoothing!r}")):
        as_widths(smoothing)


def test_side_becomes_a_square():
    assert as_image_size(48) == (48, 48)


@pytest.mark.parametrize("pair", [(32, 48), [32, 48], OmegaConf.create([32, 48])])
def test_pair_becomes_a_plain_tuple_of_height_and_width(pair):
    size = as_image_size(pair)
    assert size == (32, 48)
    assert type(size) is tuple
    assert all(type(side) is int for side in size)


@pytest.mark.parametrize("sides", [(), (32,), (3, 32, 32)])
def test_other_numbers_of_sides_are_named(sides):
    with pytest.raises(ValueError, match=r"image_size must be a side or \(height, width\) in whole pixels") as caught:
        as_image_size(sides)
    assert str(caught.value).endswith(f"got {sides}")


@pytest.mark.parametrize("value", [-1, -1e-9, float("-inf"), float("nan"), float("inf")])
def test_negative_value_is_named(value):
    with pytest.raises(ValueError, match=r"^rate must not be negative or infinite, got ") as caught:
        check_not_negative(fine=1.0, rate=value)
    assert str(caught.value).endswith(f"got {value}")


def test_zero_and_positive_values_pass():
    assert check_not_negative(a=0, b=0.0, c=1e-12, d=3) is None


@pytest.mark.parametrize("value", [0, -5, 2.5])
def test_count_below_one_is_named(value):
    with pytest.raises(ValueError, match=f"^epochs must be a whole number, at least 1, got {value}$"):
        check_count(1, fine=2, limit=None, epochs=value)


def test_counts_from_one_and_no_limit_pass():
    assert check_count(1, a=1, b=10**9, c=None) is None


@pytest.mark.parametrize("input_size", [None, (32, 48), [32, 48]])
def test_size_of_the_pre_processor_passes_if_it_is_the_models_or_unknown(input_size):
    assert check_same_size((32, 48), input_size) is None


@pytest.mark.parametrize("input_size", [(48, 32), [32, 32]])
def test_size_of_the_pre_processor_that_is_not_the_models_is_named(input_size):
    with pytest.raises(ValueError, match=r"resizes to \(\d+, 32\) but image_size is \(32, 48\)") as caught:
        check_same_size((32, 48), input_size)
    assert str(tuple(input_size)) in str(caught.value)


@pytest.mark.parametrize("value", [512.0, None, "64", (1.5, 2.0), True])
def test_what_is_no_whole_number_of_pixels_is_named(value):
    with pytest.raises(ValueError, match=r"image_size must be a side or \(height, width\) in whole pixels") as caught:
        as_image_size(value)
    assert str(caught.value).endswith(f"got {value!r}")


@pytest.mark.parametrize("stripes", [(4, 8), [4, 8], OmegaConf.create([4, 8])])
def test_stripes_become_a_plain_tuple(stripes):
    assert as_stripes(stripes) == (4, 8)
    assert type(as_stripes(stripes)) is tuple


@pytest.mark.parametrize("stripes", ["48", (4.7, 8), 4, None])
def test_stripes_that_are_no_whole_numbers_are_named(stripes):
    with pytest.raises(ValueError, match="stripes must be whole numbers") as caught:
        as_stripes(stripes)
    assert str(caught.value).endswith(f"got {stripes!r}")


@pytest.mark.parametrize("beta", [1.0, -0.1, float("nan")])
def test_decay_outside_the_unit_interval_is_named(beta):
    with pytest.raises(ValueError, match=r"beta1 must lie in \[0, 1\), got "):
        check_decay(beta1=beta, beta2=0.9)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5])
def test_odd_seed_is_named(seed):
    check_seed(None)
    check_seed(2**32 - 1)
    with pytest.raises(ValueError, match=r"seed must be a whole number from 0 to 2\*\*32 - 1") as caught:
        check_seed(seed)
    assert str(caught.value).endswith(f"got {seed!r}")


TRAINED = {
    "image_size": (32, 32),
    "score": {"class_path": "CompositeScore", "init_args": {"errors": ["mse"], "pooling": "max"}},
    "base_channels": 8,
}
NAMES = ("image_size", "score")


def test_equal_arguments_pass_and_others_do_not_matter():
    check_same_arguments(TRAINED, {**TRAINED, "base_channels": 4}, NAMES)
    check_same_arguments({"image_size": (32, 32)}, TRAINED, NAMES)  # of a version that did not know the others


def test_a_different_argument_is_named_with_both_values():
    with pytest.raises(ValueError, match=r"trained with image_size = \(32, 32\), this model has \(24, 24\)"):
        check_same_arguments(TRAINED, {**TRAINED, "image_size": (24, 24)}, NAMES)


@pytest.mark.parametrize(("option", "value"), [("errors", ["ssim"]), ("pooling", "mean")])
def test_a_different_option_of_a_score_is_named_as_on_the_command_line(option, value):
    score = TRAINED["score"]
    other = {**score, "init_args": {**score["init_args"], option: value}}
    expected = (
        f"trained with score.{option} = {score['init_args'][option]}, this model has {value}; give --model.score."
    )
    with pytest.raises(ValueError, match=re.escape(expected)):
        check_same_arguments(TRAINED, {**TRAINED, "score": other}, NAMES)


def test_another_score_is_named():
    other = {"class_path": "PaperScore", "init_args": {"merge": "max"}}
    with pytest.raises(ValueError, match="trained with score = CompositeScore, this model has PaperScore"):
        check_same_arguments(TRAINED, {**TRAINED, "score": other}, NAMES)


def test_a_missing_package_is_named_with_its_extra():
    check_installed("json", "export", "this")
    message = r"^model\.xml needs abacus, which is not installed: install anomalib-scadn with the extra \[openvino\]$"
    with pytest.raises(ImportError, match=message):
        check_installed("abacus", "openvino", "model.xml")
