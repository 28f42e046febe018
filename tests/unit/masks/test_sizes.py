# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Sizes and stripes that go together."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anomalib_scadn.masks.sizes import check_size

SIDES = st.integers(1, 12).map(lambda eighths: 8 * eighths)


@given(st.integers(1, 400))
def test_sides_named_as_valid_are_taken(side):
    assume(side % 8)
    with pytest.raises(ValueError, match="nearest valid: ") as caught:
        check_size((side, 512), (4,))
    named = [int(word) for word in str(caught.value).partition("nearest valid: ")[2].split(" or ")]
    for valid in named:
        check_size((valid, 512), (4,))
    assert min(abs(valid - side) for valid in named) == min(abs(8 * eighths - side) for eighths in range(1, 60))


@given(SIDES, SIDES)
def test_as_many_stripes_as_pixels_are_the_most(height, width):
    shortest = min(height, width)
    check_size((height, width), (shortest,))
    with pytest.raises(ValueError, match=f"^{shortest + 2} stripes across {shortest} pixels"):
        check_size((height, width), (shortest + 2,))
