# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Functions in processes of their own."""

import pytest

from layout import markdown
from provenance import processor
from workers import WorkerError, in_own_process


def test_a_result_comes_back_as_plain_data():
    assert in_own_process(markdown, ["a"], [["1"]]) == "| a |\n| --- |\n| 1 |"


def test_a_failure_is_raised_and_its_reason_is_on_the_error_stream(capfd):
    with pytest.raises(WorkerError, match="status 1"):
        in_own_process(processor, "no argument is taken")
    assert "TypeError" in capfd.readouterr().err
