# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomalib_scadn.data.tiles import tile_boxes, tile_starts
from anomalib_scadn.deploy.stitching import TileStitcher, blend_weights, cut_tile
from anomalib_scadn.deploy.tiles import predict_tiled


def outputs(maps, scores, scale=2, **others):
    """Make what a backend gives for tiles with these maps and raw scores; a raw value of 2 is normalized to 1."""
    raw_map, raw_score = np.asarray(maps, dtype=np.float32), np.asarray(scores, dtype=np.float32)
    pred_score = np.minimum(1, raw_score / 2)
    return {
        "raw_map": raw_map,
        "anomaly_map": raw_map / 2,
        "pred_mask": raw_map / 2 > 0.5,
        "raw_score": raw_score,
        "pred_score": pred_score,
        "pred_label": pred_score > 0.5,
        "selected_scale": np.full(len(raw_score), scale),
        **others,
    }


def first_channel(tiles):
    """Predict each tile's first channel as its map, and its maximum as its score."""
    return outputs(tiles[:, 0], tiles[:, 0].max(axis=(1, 2)))


@st.composite
def grids(draw):
    tile = draw(st.integers(1, 24))
    return draw(st.integers(1, 70)), draw(st.integers(1, 70)), tile, draw(st.integers(0, tile - 1))


def stitch(picture, tile, overlap):
    """Cut a picture, shape (H, W, C), into tiles and put them together again."""
    height, width, channels = picture.shape
    stitcher = TileStitcher(height, width, tile, overlap, channels)
    for box in tile_boxes(height, width, tile, overlap):
        stitcher.add(box, cut_tile(picture.transpose(2, 0, 1), box, tile).transpose(1, 2, 0))
    return stitcher.result()


@given(grids())
def test_tiles_cover_the_image_exactly(grid):
    height, width, tile, overlap = grid
    covered = np.zeros((height, width), dtype=int)
    boxes = tile_boxes(height, width, tile, overlap)
    for y0, x0 in boxes:
        covered[y0 : y0 + tile, x0 : x0 + tile] += 1
    assert covered.min() >= 1
    assert len(set(boxes)) == len(boxes)
    for starts, length in ((tile_starts(height, tile, overlap), height), (tile_starts(width, tile, overlap), width)):
        assert starts == sorted(starts)
        assert starts[-1] == max(0, length - tile)
        assert all(second - first <= tile - overlap for first, second in pairwise(starts))


@given(grids())
def test_weights_sum_to_one_at_every_pixel(grid):
    height, width, tile, overlap = grid
    total = np.zeros((height, width))
    rows, columns = blend_weights(height, tile, overlap), blend_weights(width, tile, overlap)
    for row, y0 in zip(rows, tile_starts(height, tile, overlap), strict=True):
        for column, x0 in zip(columns, tile_starts(width, tile, overlap), strict=True):
            total[y0 : y0 + len(row), x0 : x0 + len(column)] += np.outer(row, column)
    np.testing.assert_allclose(total, 1, atol=1e-5)
    assert min(rows.min(), columns.min()) > 0


def test_weights_fall_off_towards_inner_edges_only():
    first, middle, last = blend_weights(26, 10, 2)
    assert np.all(np.diff(first[:8]) == 0)
    assert np.all(np.diff(first[7:]) < 0)
    np.testing.assert_allclose(middle, middle[::-1])
    np.testing.assert_allclose(last, first[::-1])


@given(grids(), st.floats(-1e3, 1e3, width=32, allow_subnormal=False))
def test_constant_maps_stay_constant(grid, value):
    height, width, tile, overlap = grid
    stitched = stitch(np.full((height, width, 1), value, dtype=np.float32), tile, overlap)
    assert stitched.dtype == np.float32
    np.testing.assert_allclose(stitched, value, rtol=1e-5)


@given(grids())
@settings(max_examples=50)
def test_a_picture_cut_and_stitched_is_itself(grid):
    height, width, tile, overlap = grid
    picture = np.random.default_rng(height).random((height, width, 3), dtype=np.float32)
    np.testing.assert_allclose(stitch(picture, tile, overlap), picture, atol=1e-5)


@pytest.mark.parametrize("size", [(90, 70), (64, 40), (33, 97)])
def test_tiles_that_disagree_leave_no_seam(size):
    tile, overlap = 32, 16
    stitcher = TileStitcher(*size, tile, overlap)
    for box in tile_boxes(*size, tile, overlap):
        stitcher.add(box, np.full((tile, tile), sum(divmod(box[0] + box[1], 2)) % 2, dtype=np.float32))
    stitched = stitcher.result()
    # Neighbours differ by 1: a seam would be a step of that size, a blend over 16 pixels has none above pi / 2 / 16.
    steps = max(np.abs(np.diff(stitched, axis=0)).max(), np.abs(np.diff(stitched, axis=1)).max())
    assert steps <= np.pi / 2 / overlap * 1.05


def test_maps_of_another_size_are_resized_to_the_tile():
    rows, columns = np.mgrid[0:60, 0:80]
    smooth = (np.sin(rows / 20) + np.cos(columns / 15)).astype(np.float32)

    def at_half_size(tiles):
        return outputs(tiles.reshape(-1, 16, 2, 16, 2).mean(axis=(2, 4)), np.zeros(len(tiles)))

    found = predict_tiled(smooth[None], at_half_size, tile=32, overlap=8)["raw_map"][0]
    assert found.shape == smooth.shape
    np.testing.assert_allclose(found, smooth, atol=0.05)


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (5, 40), (40, 1)])
def test_a_small_image_is_padded_by_reflection_and_cut_again(size):
    picture = np.random.default_rng(0).random((3, *size), dtype=np.float32)
    seen = []

    def predict(tiles):
        seen.append(tiles)
        return first_channel(tiles)

    found = predict_tiled(picture, predict, tile=16, overlap=4, batch_size=2)
    assert {batch.shape[1:] for batch in seen} == {(3, 16, 16)}
    np.testing.assert_allclose(found["raw_map"][0], picture[0], atol=1e-6)
    if size == (5, 7):
        np.testing.assert_array_equal(seen[0][0, :, 5:9], seen[0][0, :, 3::-1])


@pytest.mark.parametrize(("batch_size", "sizes"), [(1, [1] * 6), (4, [4, 2]), (9, [6])])
def test_tiles_are_batched(batch_size, sizes):
    seen = []

    def predict(tiles):
        seen.append(len(tiles))
        return first_channel(tiles)

    predict_tiled(np.zeros((3, 30, 20), dtype=np.float32), predict, tile=12, overlap=3, batch_size=batch_size)
    assert seen == sizes


def test_each_tile_keeps_its_own_score_and_the_highest_is_the_images():
    picture = np.zeros((40, 40), dtype=np.float32)
    picture[35, 38] = 3.0
    picture[2, 3] = 2.5  # normalized to the same clipped score
    found = predict_tiled(picture[None], first_channel, tile=16, overlap=4)
    boxes = found["tile_box"][0].tolist()
    assert boxes == [list(box) for box in tile_boxes(40, 40, 16, 4)]
    scores = found["tile_raw_score"][0]
    assert scores[scores > 0].tolist() == [2.5, 3.0]
    assert boxes[scores.argmax()] == [24, 24]
    assert [found[name].tolist() for name in ("raw_score", "pred_score", "pred_label", "selected_scale")] == [
        [3.0],
        [1.0],
        [True],
        [2],
    ]
    np.testing.assert_allclose(found["anomaly_map"][0], picture / 2, atol=1e-6)
    assert found["pred_mask"][0].nonzero()[0].tolist() == [2, 35]
    assert found["pred_mask"].dtype == bool
    assert "reconstruction" not in found


def test_tiles_without_labels_give_an_image_without():
    def raw(tiles):
        values = first_channel(tiles)
        return {name: values[name] for name in ("raw_map", "raw_score", "selected_scale")}

    picture = np.random.default_rng(0).random((1, 40, 40), dtype=np.float32)
    found = predict_tiled(picture, raw, tile=16, overlap=4)
    assert found.keys() == {
        *("raw_map", "raw_score", "selected_scale", "tile_box", "tile_raw_score", "tile_selected_scale"),
    }
    np.testing.assert_allclose(found["raw_map"][0], picture[0], atol=1e-6)


def test_of_equally_high_tiles_the_first_decides():
    scores = iter([1.0, 3.0, 3.0, 2.0])

    def predict(tiles):
        score = next(scores)
        return outputs(tiles[:, 0], [score], scale=int(tiles.max()))

    picture = np.array([[0, 1], [2, 3]], dtype=np.float32).repeat(8, axis=0).repeat(8, axis=1)
    found = predict_tiled(picture[None], predict, tile=8, overlap=0)
    assert (found["raw_score"].tolist(), found["selected_scale"].tolist()) == ([3.0], [1])


def test_reconstructions_are_stitched_when_there_are_any():
    picture = np.random.default_rng(0).random((3, 20, 30), dtype=np.float32)

    def predict(tiles):
        return outputs(tiles[:, 0], np.zeros(len(tiles)), reconstruction=tiles.transpose(0, 2, 3, 1))

    found = predict_tiled(picture, predict, tile=16, overlap=4)
    np.testing.assert_allclose(found["reconstruction"][0], picture.transpose(1, 2, 0), atol=1e-6)


def test_memory_is_the_maps_and_a_few_tiles():
    # 4096 x 3000 with tiles of 512, at a quarter of the size.
    height, width, tile = 750, 1024, 128
    picture = np.zeros((3, height, width), dtype=np.float32)
    empty = outputs(np.zeros((2, tile, tile)), np.zeros(2))

    def predict(tiles):
        return {name: values[: len(tiles)] for name, values in empty.items()}

    tracemalloc.start()
    predict_tiled(picture, predict, tile=tile, overlap=16, batch_size=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    maps = height * width * (3 * 4 + 1)  # raw, normalized and votes, and the mask
    assert peak < maps + 10 * tile * tile * 4


def test_progress_is_shown_on_request(capsys):
    picture = np.zeros((1, 40, 40), dtype=np.float32)
    predict_tiled(picture, first_channel, tile=16, overlap=4, progress=True)
    assert "0/9" in capsys.readouterr().err
    predict_tiled(picture, first_channel, tile=16, overlap=4)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 5, 4, 1), "at least 1 x 1 pixel to be cut into tiles, got a side of 0"),
        ((5, 5, 0, 0), "tile must be a whole number, at least 1, got 0"),
        ((5, 5, 2.5, 0), "tile must be a whole number, at least 1, got 2.5"),
        ((5, 5, 4, 1.5), "overlap must be a whole number, at least 0, got 1.5"),
        ((5, 5, 4, 4), "overlap must be 0 to 3 pixels for a tile of 4, got 4"),
        ((5, 5, 4, -1), "overlap must be a whole number, at least 0, got -1"),
    ],
)
def test_impossible_tilings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        tile_boxes(*arguments)


def test_unknown_repeated_and_missing_tiles_are_refused():
    stitcher = TileStitcher(8, 8, 4, 0)
    values = np.zeros((4, 4))
    stitcher.add((0, 0), values)
    with pytest.raises(ValueError, match=r"no map of a tile at \(0, 0\) \(y, x\) is missing"):
        stitcher.add((0, 0), values)
    with pytest.raises(ValueError, match=r"no map of a tile at \(1, 0\)"):
        stitcher.add((1, 0), values)
    with pytest.raises(ValueError, match=r"3 tiles were not added, expected all, first missing: \(0, 4\)"):
        stitcher.result()


def test_tiles_that_do_not_fit_into_memory_are_named():
    def predict(batch):
        raise MemoryError("112 GiB")

    with pytest.raises(MemoryError, match=r"2 tiles of 8 x 8 pixels do not fit into memory \(112 GiB\); take smaller"):
        predict_tiled(np.zeros((3, 16, 8), dtype=np.float32), predict, tile=8, overlap=0, batch_size=2)


def test_bad_predictions_are_refused():
    picture = np.zeros((1, 8, 8), dtype=np.float32)
    with pytest.raises(ValueError, match="a batch of 1 tiles must give as many predictions, got 0"):
        predict_tiled(picture, lambda tiles: outputs(tiles[:0, 0], []), tile=8, overlap=0)
    with pytest.raises(ValueError, match=r"the tile at \(0, 0\) \(y, x\) must have a number as its score, got nan"):
        predict_tiled(picture, lambda tiles: outputs(tiles[:, 0], [np.nan]), tile=8, overlap=0)
    with pytest.raises(ValueError, match="batch_size must be at least 1 tile, got 0"):
        predict_tiled(picture, first_channel, tile=8, overlap=0, batch_size=0)
