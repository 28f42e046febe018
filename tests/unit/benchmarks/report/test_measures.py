# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""How numbers are written."""

import pytest

from report import measures


@pytest.mark.parametrize(
    ("write", "value", "expected"),
    [
        (measures.share, 0.98149, "0.981"),
        (measures.duration, 4.24, "4.2 s"),
        (measures.duration, 59.97, "1 min 00 s"),
        (measures.duration, 252, "4 min 12 s"),
        (measures.duration, 3599.7, "1 h 00 min"),
        (measures.duration, 7380, "2 h 03 min"),
        (measures.milliseconds, 12.3, "12.3 ms"),
        (measures.milliseconds, 0.45, "0.450 ms"),
        (measures.milliseconds, 2500, "2500 ms"),
        (measures.rate, 8.126, "8.13"),
        (measures.rate, 0.31234, "0.312"),
        (measures.rate, 1234.5, "1234"),
        (measures.rate, 9.9999, "10.0"),
        (measures.count, 0, "0"),
        (measures.count, 999, "999"),
        (measures.count, 62_100_000, "62.1 M"),
        (measures.count, 999_999, "1.00 M"),
        (measures.count, 1.5e12, "1.50 T"),
        (measures.memory, 512.3, "512 MiB"),
        (measures.memory, 1024, "1.00 GiB"),
    ],
)
def test_numbers_are_written_to_be_read(write, value, expected):
    assert write(value) == expected.replace(" ", measures.SPACE)


def test_no_two_columns_have_the_same_key_or_title():
    columns = measures.ACCURACY + measures.COST
    assert len({column.key for column in columns}) == len({column.title for column in columns}) == len(columns)
