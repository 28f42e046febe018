# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The composite score, step by step against numpy and scipy."""

import json

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from anomalib_scadn.masks import striped_masks
from anomalib_scadn.scoring import CompositeScore, as_score
from anomalib_scadn.scoring.standardization import Standardization

SIZE = (32, 48)
STRIPES = (2, 4, 8)
SCALES = len(STRIPES)
PLAIN = {"errors": ("mse",), "combine": "mean", "standardize": "none", "smoothing": (0.0,), "pooling": "max"}


def draw(count=3, seed=0):
    """Images, reconstructions and masks, N = count, S = 3."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 3, *SIZE, generator=generator)
    reconstructions = torch.rand(count, 4 * SCALES, 3, *SIZE, generator=generator)
    return images, reconstructions, striped_masks(SIZE, STRIPES)


def make(**arguments):
    return CompositeScore(**{**PLAIN, **arguments}).prepare(SCALES, SIZE)


def naive_composite_errors(images, reconstructions, masks):
    """Squared errors of the six composites: each pixel from the pass in which it was removed."""
    result = np.zeros((len(images), 2 * SCALES, *SIZE))
    for pair in range(2 * SCALES):
        for j in (2 * pair, 2 * pair + 1):
            removed = masks[j, 0].numpy() == 0
            error = ((reconstructions[:, j] - images) ** 2).mean(dim=1).numpy()
            result[:, pair][:, removed] = error[:, removed]
    return result


@pytest.mark.parametrize(
    ("combine", "join"),
    [("min", np.min), ("mean", np.mean), ("geometric", lambda maps, axis: np.exp(np.log(maps).mean(axis=axis)))],
)
def test_composites_are_combined_pixel_by_pixel(combine, join):
    errors = naive_composite_errors(*draw())
    output = make(combine=combine)(*draw())
    assert np.allclose(output.anomaly_map[:, 0], join(errors, axis=1), atol=1e-5)
    pairs = errors.reshape(3, SCALES, 2, *SIZE)
    assert np.allclose(output.scale_maps, join(pairs, axis=2), atol=1e-5)
    assert output.selected_scale.tolist() == join(pairs, axis=2).max(axis=(2, 3)).argmax(axis=1).tolist()


def test_smoothing_is_a_gaussian():
    errors = naive_composite_errors(*draw())
    found = make(smoothing=(2.0,))(*draw()).anomaly_map[1, 0]
    smooth = gaussian_filter(errors[1].mean(axis=0), 2.0, mode="nearest", truncate=3.0)
    assert np.allclose(found, smooth, atol=1e-5)


def test_maps_of_several_widths_are_standardized_each_for_itself_and_the_highest_counts():
    normal, widths = draw(count=20, seed=1), (1.0, 4.0)
    score = make(smoothing=widths, standardize="pixel")
    score.fit(score.statistics(*normal), 20)
    each = []
    for width in widths:
        alone = make(smoothing=(width,), standardize="pixel")
        alone.fit(alone.statistics(*normal), 20)
        each.append(alone(*draw()))
    found = score(*draw())
    assert torch.allclose(found.anomaly_map, torch.maximum(*(one.anomaly_map for one in each)), atol=1e-5)
    assert torch.allclose(found.scale_maps, each[0].scale_maps, atol=1e-5)


@pytest.mark.parametrize(
    ("pooling", "pool"),
    [
        ("max", np.max),
        ("mean", np.mean),
        ("top", lambda values: np.sort(values.ravel())[-round(0.05 * values.size) :].mean()),
    ],
)
def test_the_image_score_pools_the_map(pooling, pool):
    output = make(pooling=pooling, top_fraction=0.05)(*draw())
    assert output.pred_score.tolist() == pytest.approx([pool(maps.numpy()) for maps in output.anomaly_map], rel=1e-5)


@pytest.mark.parametrize("kind", ["pixel", "global"])
def test_errors_are_measured_against_those_of_normal_images(kind):
    score = make(standardize=kind, errors=("mse", "ssim"))
    normal = draw(count=20, seed=1)
    score.fit(score.statistics(*normal), 20)
    assert score.is_fitted
    maps = score.standardization(score.measure(*normal))
    mean = maps.mean(dim=0) if kind == "pixel" else maps.mean(dim=(0, 3, 4))
    assert mean.abs().max() < 1e-3
    deviation = maps.std(dim=0) if kind == "pixel" else maps.std(dim=(0, 3, 4))
    assert deviation.mean() == pytest.approx(1.0, abs=0.1)
    unusual = list(draw(count=1, seed=2))
    unusual[1][..., 10:20, 10:20] = 1 - unusual[0][:, None, :, 10:20, 10:20].round()
    assert score(*unusual).pred_score > score(*draw(count=1, seed=2)).pred_score


def test_statistics_do_not_depend_on_batches():
    score = make(standardize="pixel")
    images, reconstructions, masks = draw(count=4)
    parts = [score.statistics(images[i : i + 1], reconstructions[i : i + 1], masks) for i in range(4)]
    assert torch.allclose(sum(parts), score.statistics(images, reconstructions, masks), atol=1e-5)
    assert parts[0].shape == score.statistics_shape


def test_a_small_spread_is_the_same_however_images_are_batched():
    errors = 0.5 + 0.02 * torch.randn(8, 1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    spreads = []
    for size in (1, 2, 8):
        standardization = Standardization(1, 1, (4, 4), "pixel")
        standardization.fit(sum(standardization.statistics(part) for part in errors.split(size)), 8)
        spreads.append(standardization.spread)
    torch.testing.assert_close(spreads[0], spreads[2], atol=0, rtol=1e-6)
    torch.testing.assert_close(spreads[1], spreads[2], atol=0, rtol=1e-6)


def test_an_unfitted_score_standardizes_nothing():
    score = make(standardize="global")
    assert not score.is_fitted
    assert torch.equal(score(*draw()).anomaly_map, make()(*draw()).anomaly_map)


def test_reset_forgets_the_reference():
    score = make(standardize="global")
    score.fit(score.statistics(*draw()), 3)
    score.reset()
    assert not score.is_fitted


def test_a_score_without_reference_is_always_fitted():
    score = make()
    assert score.is_fitted
    assert score.statistics(*draw()).shape == score.statistics_shape == (0,)


@pytest.mark.parametrize("standardize", ["none", "pixel", "global"])
@pytest.mark.parametrize("combine", ["min", "mean"])
def test_images_do_not_depend_on_their_batch(standardize, combine):
    score = make(standardize=standardize, combine=combine, errors=("msgms",), smoothing=(1.5,), pooling="top")
    score.fit(score.statistics(*draw()), 3)
    images, reconstructions, masks = draw(count=3, seed=5)
    together = score(images, reconstructions, masks)
    alone = score(images[2:], reconstructions[2:], masks)
    for whole, single in zip(together, alone, strict=True):
        assert torch.allclose(whole[2:].float(), single.float(), atol=1e-5)


def test_its_description_makes_it_again():
    score = make(errors=("ssim", "msgms"), standardize="pixel", smoothing=(1.0, 3.0), pooling="top", top_fraction=0.1)
    score.fit(score.statistics(*draw()), 3)
    again = as_score(json.loads(json.dumps(score.description))).prepare(SCALES, SIZE)
    again.load_state_dict(score.state_dict())
    assert isinstance(again, CompositeScore)
    assert torch.equal(again(*draw()).anomaly_map, score(*draw()).anomaly_map)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"errors": ()}, "errors must name"),
        ({"errors": ("mse", "mse")}, "errors must name"),
        ({"errors": ("psnr",)}, "psnr"),
        ({"errors": ("mse", "ssim")}, "standardize is 'pixel' or 'global'"),
        ({"combine": "max"}, "'max'"),
        ({"smoothing": (1.0, 2.0)}, "standardize is 'pixel' or 'global'"),
        ({"smoothing": ()}, "at least one width"),
        ({"smoothing": (2.0, 1.0), "standardize": "pixel"}, "ascending"),
        ({"smoothing": (1.0, 1.0), "standardize": "pixel"}, "ascending"),
        ({"smoothing": (float("nan"),)}, "nan"),
        ({"smoothing": (1.0, float("inf")), "standardize": "pixel"}, "inf"),
        ({"standardize": "row"}, "'row'"),
        ({"smoothing": (-1.0,)}, "-1.0"),
        ({"smoothing": (11.0,)}, "11.0"),
        ({"pooling": "median"}, "'median'"),
        ({"top_fraction": 0.0}, "0.0"),
        ({"top_fraction": 1.5}, "1.5"),
        ({"top_fraction": "x"}, "top_fraction must be a number.*'x'"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)


@pytest.mark.parametrize("kind", ["pixel", "global"])
def test_one_reference_image_gives_scores_of_a_sane_size(kind):
    score = make(standardize=kind, errors=("mse", "msgms"), smoothing=(2.0,))
    score.fit(score.statistics(*draw(count=1)).double(), 1)
    assert score(*draw(seed=3)).pred_score.abs().max() < 1000


def test_low_precision_of_the_generator_does_not_reach_the_score():
    score = make(errors=("mse", "ssim", "msgms"), standardize="pixel", smoothing=(1.0, 2.0, 4.0))
    score.fit(score.statistics(*draw()), 3)
    expected = score(*draw(seed=1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = score(*draw(seed=1))
    assert found.anomaly_map.dtype == torch.float32
    assert torch.allclose(found.anomaly_map, expected.anomaly_map, atol=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_reference_must_be_finite(value):
    score = make(standardize="global")
    total = score.statistics(*draw()).double()
    total[0, 0, 0, 0, 0] = value
    with pytest.raises(ValueError, match="finite"):
        score.fit(total, 3)
    with pytest.raises(ValueError, match="at least one"):
        score.fit(total, 0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_score_stays_in_single_precision(dtype):
    arguments = {"errors": ("mse", "perceptual"), "standardize": "pixel"}
    score = make(**arguments, backbone="resnet10t", backbone_layers=(1,), backbone_weights="checkpoint")
    normal, tested = draw(count=4, seed=1), draw()
    score.fit(score.statistics(*normal).double(), 4)
    expected = score(*tested).anomaly_map
    assert torch.equal(score.to(dtype)(*tested).anomaly_map, expected)
