# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomalib_scadn.data.lace_defects import AREA, DEFECTS, VISIBLE, draw_defect
from anomalib_scadn.data.lace_drawing import colour, draw_lace
from anomalib_scadn.data.lace_patterns import PATTERNS, make_scene

patterns, kinds = st.sampled_from(sorted(PATTERNS)), st.sampled_from(sorted(DEFECTS))


def test_there_are_five_kinds():
    assert sorted(DEFECTS) == ["broken_thread", "foreign_fibre", "hole", "missing_motif", "stain"]


@settings(max_examples=12, deadline=None)
@given(patterns, kinds, st.integers(0, 2**32))
def test_picture_differs_from_the_flawless_one_only_in_the_mask(pattern, kind, seed):
    flawless = draw_lace(pattern, 96, np.random.default_rng(seed)).astype(int)
    picture, mask = draw_defect(pattern, kind, 96, np.random.default_rng(seed))
    change = np.abs(picture - flawless).max(axis=-1) / 255
    # The light may lift a change by a twentieth, and each picture is rounded to bytes.
    assert change[~mask].max() <= 1.1 * VISIBLE + 1 / 255
    assert change[mask].min() >= 0.85 * VISIBLE - 1 / 255 or picture[mask].max() == 255
    assert change[mask].mean() > 2 * change[~mask].mean()


@settings(max_examples=12, deadline=None)
@given(patterns, kinds, st.integers(0, 2**32))
def test_defect_is_large_enough_to_see_and_no_larger_than_said(pattern, kind, seed):
    _, mask = draw_defect(pattern, kind, 96, np.random.default_rng(seed))
    assert AREA[0] <= mask.mean() <= AREA[1]


@pytest.mark.parametrize("kind", DEFECTS)
def test_defect_is_contrasty(kind):
    scene = make_scene(1, np.random.default_rng(0))
    change = np.abs(DEFECTS[kind](scene, 96, np.random.default_rng(1)) - colour(scene, 96)).max(axis=-1)
    assert change[change > VISIBLE].mean() > 0.25


@pytest.mark.parametrize("kind", DEFECTS)
def test_defects_vary_with_the_seed(kind):
    masks = [draw_defect(1, kind, 64, np.random.default_rng(seed))[1] for seed in range(4)]
    assert any((mask != masks[0]).mean() > 0.01 for mask in masks[1:])


@pytest.mark.parametrize("kind", ["hole", "missing_motif", "broken_thread"])
def test_lost_thread_is_darker(kind):
    flawless = draw_lace(1, 96, np.random.default_rng(3)).astype(int)
    picture, mask = draw_defect(1, kind, 96, np.random.default_rng(3))
    assert (picture - flawless)[mask].mean() < -20


@pytest.mark.parametrize("kind", DEFECTS)
def test_size_of_a_defect_does_not_depend_on_the_resolution(kind):
    small = draw_defect(2, kind, 128, np.random.default_rng(5))[1].mean()
    large = draw_defect(2, kind, 320, np.random.default_rng(5))[1].mean()
    assert small == pytest.approx(large, rel=0.35)


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="unknown defect 'burn': expected one of broken_thread, foreign_fibre"):
        draw_defect(1, "burn", 64, np.random.default_rng(0))


@pytest.mark.parametrize(("pattern", "size"), [(0, 64), (1, 16)])
def test_impossible_picture_is_refused(pattern, size):
    with pytest.raises(ValueError, match=r"unknown lace pattern 0|pixels or more"):
        draw_defect(pattern, "hole", size, np.random.default_rng(0))
