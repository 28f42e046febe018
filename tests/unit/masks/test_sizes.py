# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Sizes and stripes that go together."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anomalib_scadn.masks.sizes import check_size, equal_passes_at_once, images_at_once

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


@given(SIDES, SIDES, st.integers(1, 24))
def test_equal_chunks_of_passes_have_no_more_pixels_than_a_512_image_if_they_can(height, width, count):
    chunk = equal_passes_at_once((8 * height, 8 * width), count)
    assert count % chunk == 0
    assert chunk == 1 or chunk * 64 * height * width <= 512 * 512


def test_the_default_of_a_size_between_the_papers_is_a_divisor_of_its_passes():
    assert (images_at_once((224, 224)), equal_passes_at_once((224, 224), 12)) == (5, 4)
    assert (images_at_once((128, 128)), equal_passes_at_once((128, 128), 12)) == (16, 12)
