# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Functions in processes of their own."""

import os
from concurrent.futures.process import BrokenProcessPool

import pytest

from layout import markdown
from provenance import in_own_process, processor


def test_a_result_comes_back_as_plain_data():
    assert in_own_process(markdown, ["a"], [["1"]]) == "| a |\n| --- |\n| 1 |"


def test_a_failure_is_raised_with_its_reason():
    with pytest.raises(TypeError, match="takes 0 positional arguments but 1 was given"):
        in_own_process(processor, "no argument is taken")


def test_a_process_that_dies_is_an_error():
    with pytest.raises(BrokenProcessPool):
        in_own_process(os._exit, 3)
