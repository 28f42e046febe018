# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from anomalib_scadn.data.lace_drawing import MIN_SIZE, colour, draw_lace, photograph
from anomalib_scadn.data.lace_motifs import MOTIFS
from anomalib_scadn.data.lace_patterns import PATTERNS, make_scene, without_motif
from anomalib_scadn.data.lace_strokes import Stroke, move_all, paint


def rng(seed=0):
    return np.random.default_rng(seed)


def test_stroke_covers_its_area():
    square = Stroke(np.array([[[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]]), 1.0, filled=True)
    painted = paint([square], 64)
    assert painted[20:44, 20:44].min() == 1
    assert painted[:14].max() == painted[50:].max() == painted[:, :14].max() == painted[:, 50:].max() == 0
    assert painted.mean() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("size", [128, 512])
@pytest.mark.parametrize("width", [0.01, 0.02, 0.125])
def test_line_is_as_wide_as_it_says(width, size):
    painted = paint([Stroke(np.array([[[-0.5, 0.5], [1.5, 0.5]]]), 1.0, width)], size)
    assert painted[:, size // 2].sum() == pytest.approx(width * size, abs=0.5)


def test_nothing_paints_black():
    assert not paint([], 32).any()


def test_later_strokes_cover_earlier_ones():
    corners = np.array([[[-1, -1], [2, -1], [2, 2], [-1, 2]]], dtype=float)
    assert paint([Stroke(corners, 1.0, filled=True), Stroke(corners, 0.2, filled=True)], 32).max() == pytest.approx(0.2)


def test_moving_all_strokes_equals_moving_each():
    strokes = MOTIFS["flower"](0.1)
    moved = move_all(strokes, lambda points: 2 * points + 1)
    for before, after in zip(strokes, moved, strict=True):
        np.testing.assert_allclose(after.points, 2 * before.points + 1)
        assert (after.value, after.width, after.closed) == (before.value, before.width, before.closed)


@pytest.mark.parametrize("name", MOTIFS)
def test_motif_stays_near_its_radius(name):
    corners = np.concatenate([stroke.points.reshape(-1, 2) for stroke in MOTIFS[name](0.1)])
    assert 0.08 < np.hypot(*corners.T).max() < 0.13


@pytest.mark.parametrize("number", PATTERNS)
def test_meshes_are_ten_pixels_wide_at_128(number):
    assert PATTERNS[number].mesh_width * 128 >= 10


@pytest.mark.parametrize("number", PATTERNS)
def test_net_and_motifs_reach_every_border(number):
    bare = make_scene(number, rng())
    amount = paint(bare.strokes(), 64)
    for border in (amount[:10], amount[-10:], amount[:, :10], amount[:, -10:]):
        assert border.max() > 0.5
        assert border.mean() > 0.1


def test_unknown_pattern_is_refused():
    with pytest.raises(ValueError, match="unknown lace pattern 9: expected one of 1, 2, 3, 4"):
        draw_lace(9, 64, rng())


def test_too_small_picture_is_refused():
    with pytest.raises(ValueError, match=f"at {MIN_SIZE} pixels or more.*got {MIN_SIZE - 1}"):
        draw_lace(1, MIN_SIZE - 1, rng())


@pytest.mark.parametrize("size", [MIN_SIZE, 100, 128])
def test_picture_has_the_size_and_type_it_says(size):
    picture = draw_lace(1, size, rng())
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("number", PATTERNS)
def test_same_seed_draws_the_same_picture_and_another_seed_another(number):
    np.testing.assert_array_equal(draw_lace(number, 64, rng(1)), draw_lace(number, 64, rng(1)))
    assert (draw_lace(number, 64, rng(1)) != draw_lace(number, 64, rng(2))).any()


def test_drawing_leaves_global_randomness_alone():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    draw_lace(1, 64, rng())
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("number", PATTERNS)
def test_pictures_of_one_pattern_are_alike_and_of_two_are_not(number):
    def grey(pattern, seed):
        return draw_lace(pattern, 128, rng(seed)).mean(axis=-1)

    first = grey(number, 0)
    within = max(np.abs(first - grey(number, seed)).mean() for seed in (1, 2, 3))
    between = min(np.abs(first - grey(other, 0)).mean() for other in PATTERNS if other != number)
    assert within < 0.75 * between


def test_same_scene_looks_alike_at_every_size():
    scene = make_scene(1, rng())
    large = colour(scene, 512).reshape(128, 4, 128, 4, 3).mean(axis=(1, 3))
    assert np.abs(large - colour(scene, 128)).mean() < 0.025


def test_thread_is_light_and_ground_is_dark():
    evenly_lit = colour(make_scene(1, rng()), 128)
    low, high = np.quantile(evenly_lit.mean(axis=-1), [0.1, 0.9])
    assert low < 0.25
    assert high > 0.6


def test_missing_motif_leaves_the_net():
    scene = make_scene(1, rng())
    fewer = without_motif(scene, 0)
    assert len(fewer.motifs) == len(fewer.centres) == len(scene.motifs) - 1
    assert fewer.net is scene.net


def test_camera_changes_the_picture_only_a_little():
    flat = np.full((128, 128, 3), 0.5, dtype=np.float32)
    seen = photograph(flat, rng()) / 255
    assert np.abs(seen - 0.5).max() < 0.1
    assert 0.01 < (seen[1:] - seen[:-1]).std() / np.sqrt(2) < 0.014
