# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scores against SCADN Eq. 6 to 10 written as loops."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from anomalib_scadn.masks import striped_masks
from anomalib_scadn.scoring import PaperScore
from anomalib_scadn.scoring.paper import error_maps, merge_errors, scale_means, select_scale

SIZE = (8, 16)
STRIPES = (2, 4)
SCALES = len(STRIPES)


def draw(count=3, seed=0):
    """Images, reconstructions and masks, N = count, S = 2."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 3, *SIZE, generator=generator)
    reconstructions = torch.rand(count, 4 * SCALES, 3, *SIZE, generator=generator)
    return images, reconstructions, striped_masks(SIZE, STRIPES)


def make(*options, **more):
    return PaperScore(*options, **more).prepare(SCALES, SIZE)


def naive_error(image, reconstruction, mask, row, column):
    """Eq. 6 at one pixel, mean over channels."""
    if mask[0, row, column] == 1:
        return 0.0
    squares = [(float(reconstruction[c, row, column]) - float(image[c, row, column])) ** 2 for c in range(3)]
    return sum(squares) / 3


def naive_scale_maps(images, reconstructions, masks, join):
    """Eq. 6 and 7."""
    maps = torch.zeros(len(images), len(masks) // 4, *SIZE, dtype=torch.float64)
    for n, image in enumerate(images):
        for scale in range(len(masks) // 4):
            for row in range(SIZE[0]):
                for column in range(SIZE[1]):
                    errors = [
                        naive_error(image, reconstructions[n, j], masks[j], row, column)
                        for j in range(4 * scale, 4 * scale + 4)
                    ]
                    maps[n, scale, row, column] = join(errors)
    return maps


def mean(values):
    return sum(values) / len(values)


def naive_score(images, reconstructions, masks, join, mu):
    """Eq. 6 to 10, one image after the other."""
    results = []
    for maps in naive_scale_maps(images, reconstructions, masks, join):
        means = [mean(scale_map.flatten().tolist()) for scale_map in maps]
        excess = [value - reference for value, reference in zip(means, mu, strict=True)]
        chosen = excess.index(max(excess))
        results.append((means[chosen], maps[chosen], chosen))
    return results


def test_error_map_is_the_squared_error_where_removed_and_zero_where_kept():
    images, reconstructions, masks = draw(count=2)
    errors = error_maps(images, reconstructions, masks)
    assert errors.shape == (2, 4 * SCALES, *SIZE)
    for n in range(2):
        for j in range(4 * SCALES):
            for row in range(SIZE[0]):
                for column in range(SIZE[1]):
                    expected = naive_error(images[n], reconstructions[n, j], masks[j], row, column)
                    assert float(errors[n, j, row, column]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("merge", "join"), [("max", max), ("mean", mean)])
def test_four_error_maps_of_a_scale_are_joined_pixel_by_pixel(merge, join):
    images, reconstructions, masks = draw(count=2)
    merged = merge_errors(error_maps(images, reconstructions, masks), merge)
    torch.testing.assert_close(
        merged.double(), naive_scale_maps(images, reconstructions, masks, join), atol=1e-6, rtol=0
    )


def test_errors_are_joined_by_their_maximum_by_default():
    errors = torch.rand(1, 4, 2, 2)
    assert torch.equal(merge_errors(errors), errors.amax(dim=1, keepdim=True))


def test_mean_merge_counts_the_maps_in_which_a_pixel_was_kept():
    images, _, masks = draw(count=1)
    reconstructions = (images + 1).unsqueeze(1).expand(-1, 4 * SCALES, -1, -1, -1)
    merged = merge_errors(error_maps(images, reconstructions, masks), "mean")
    torch.testing.assert_close(merged, torch.full_like(merged, 0.5))


def test_scale_mean_is_the_mean_over_a_map():
    maps = torch.rand(2, 3, 4, 5)
    means = scale_means(maps)
    assert means.shape == (2, 3)
    for n in range(2):
        for scale in range(3):
            assert float(means[n, scale]) == pytest.approx(mean(maps[n, scale].flatten().tolist()), rel=1e-5)


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**31))
def test_selected_scale_is_the_one_farthest_above_its_reference(images, scales, seed):
    generator = torch.Generator().manual_seed(seed)
    means, mu = torch.rand(images, scales, generator=generator), torch.rand(scales, generator=generator)
    selected = select_scale(means, mu)
    assert selected.dtype == torch.int64
    for n in range(images):
        excess = [float(means[n, scale] - mu[scale]) for scale in range(scales)]
        assert int(selected[n]) == excess.index(max(excess))


def test_first_of_equally_distant_scales_is_selected():
    assert select_scale(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([2.0, 1.0, 2.0])).tolist() == [1]
    assert select_scale(torch.ones(1, 3), torch.zeros(3)).tolist() == [0]


@pytest.mark.parametrize(("merge", "join"), [("max", max), ("mean", mean)])
@pytest.mark.parametrize("mu", [(0.0, 0.0), (10.0, 0.0), (0.0, 10.0)])
def test_paper_score_equals_equations_6_to_10(merge, join, mu):
    images, reconstructions, masks = draw()
    score = make(merge)
    score.fit(torch.tensor(mu) * 4, 4)
    output = score(images, reconstructions, masks)
    assert output.pred_score.shape == (3,)
    assert output.anomaly_map.shape == (3, 1, *SIZE)
    expected_maps = naive_scale_maps(images, reconstructions, masks, join)
    torch.testing.assert_close(output.scale_maps.double(), expected_maps, atol=1e-6, rtol=0)
    for n, (value, final, chosen) in enumerate(naive_score(images, reconstructions, masks, join, mu)):
        assert int(output.selected_scale[n]) == chosen
        assert float(output.pred_score[n]) == pytest.approx(value, abs=1e-6)
        torch.testing.assert_close(output.anomaly_map[n, 0].double(), final, atol=1e-6, rtol=0)


def test_images_of_one_batch_may_come_from_different_scales():
    images, _, masks = draw(count=2)
    reconstructions = images.unsqueeze(1).repeat(1, 4 * SCALES, 1, 1, 1)
    reconstructions[0, :4] += 0.5
    reconstructions[1, 4:] += 0.25
    output = make()(images, reconstructions, masks)
    assert output.selected_scale.tolist() == [0, 1]
    torch.testing.assert_close(output.pred_score, torch.tensor([0.25, 0.0625]))


def test_score_is_the_mean_of_the_final_map_and_not_its_distance_from_the_reference():
    images, reconstructions, masks = draw()
    score = make()
    score.fit(torch.tensor([0.02, 0.03]), 1)
    output = score(images, reconstructions, masks)
    torch.testing.assert_close(output.pred_score, output.anomaly_map.mean(dim=(1, 2, 3)))


def test_unfitted_score_selects_as_if_the_reference_were_zero():
    images, reconstructions, masks = draw()
    unfitted, zero = make(), make()
    zero.fit(torch.zeros(SCALES), 1)
    for mine, reference in zip(
        unfitted(images, reconstructions, masks), zero(images, reconstructions, masks), strict=True
    ):
        assert torch.equal(mine, reference)
        assert torch.isfinite(mine).all()


def test_reference_is_fitted_but_not_subtracted_when_switched_off():
    images, reconstructions, masks = draw()
    plain = make()(images, reconstructions, masks)
    lifted = torch.zeros(SCALES)
    lifted[int(plain.selected_scale[0])] = 10.0  # would move the choice to the other scale
    score = make(subtract_reference=False)
    score.fit(lifted, 1)
    assert score.is_fitted
    assert torch.equal(score.mu, lifted)
    assert torch.equal(score(images, reconstructions, masks).selected_scale, plain.selected_scale)
    subtracting = make()
    subtracting.fit(lifted, 1)
    moved = subtracting(images, reconstructions, masks).selected_scale
    assert moved[0] != plain.selected_scale[0]


@pytest.mark.parametrize("merge", ["max", "mean"])
def test_result_of_an_image_does_not_depend_on_its_batch(merge):
    images, reconstructions, masks = draw(count=4)
    score = make(merge)
    score.fit(torch.tensor([0.01, 0.02]), 1)
    together = score(images, reconstructions, masks)
    for n in (3, 0, 2, 1):
        alone = score(images[n : n + 1], reconstructions[n : n + 1], masks)
        for field, single in zip(together, alone, strict=True):
            torch.testing.assert_close(field[n : n + 1], single)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.sampled_from(["max", "mean"]))
def test_statistics_add_up_over_any_split_into_batches(batch_sizes, merge):
    count = sum(batch_sizes)
    images, reconstructions, masks = draw(count)
    score = make(merge)
    whole = score.statistics(images, reconstructions, masks)
    assert tuple(whole.shape) == score.statistics_shape
    parts = zip(images.split(batch_sizes), reconstructions.split(batch_sizes), strict=True)
    summed = sum(score.statistics(*part, masks) for part in parts)
    torch.testing.assert_close(summed, whole, rtol=1e-6, atol=0)


@pytest.mark.parametrize(("merge", "join"), [("max", max), ("mean", mean)])
def test_fit_sets_the_mean_of_the_training_images_mean_errors(merge, join):
    images, reconstructions, masks = draw(count=3)
    score = make(merge)
    score.fit(score.statistics(images, reconstructions, masks), 3)
    maps = naive_scale_maps(images, reconstructions, masks, join)
    expected = [mean([mean(maps[n, scale].flatten().tolist()) for n in range(3)]) for scale in range(SCALES)]
    assert score.mu.dtype == torch.float32
    assert score.mu.tolist() == pytest.approx(expected, abs=1e-6)


def test_score_is_fitted_after_fit_and_no_longer_after_reset():
    score = make()
    assert not score.is_fitted
    assert all(math.isnan(value) for value in score.mu)
    score.fit(torch.tensor([2.0, 4.0]), 2)
    assert score.is_fitted
    assert score.mu.tolist() == [1.0, 2.0]
    score.reset()
    assert not score.is_fitted
    assert all(math.isnan(value) for value in score.mu)


def test_reference_travels_with_the_state_dict():
    fitted, other = make(), make()
    fitted.fit(torch.tensor([2.0, 4.0]), 2)
    other.load_state_dict(fitted.state_dict())
    assert other.is_fitted
    assert other.mu.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("count", [0, -3])
def test_fit_refuses_a_count_below_one(count):
    score = make()
    with pytest.raises(ValueError, match=f"at least one normal image, got {count}$"):
        score.fit(torch.ones(SCALES), count)
    assert not score.is_fitted


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_fit_refuses_statistics_that_are_not_finite_and_keeps_the_old_reference(value):
    score = make()
    score.fit(torch.tensor([1.0, 2.0]), 1)
    with pytest.raises(ValueError, match=rf"finite, got \[1\.0, {value}\] from 1 images"):
        score.fit(torch.tensor([1.0, value]), 1)
    assert score.mu.tolist() == [1.0, 2.0]


def test_unknown_merge_is_named():
    with pytest.raises(ValueError, match=r"'max'.*'mean'.*got 'median'"):
        PaperScore("median")


def test_without_reference_values_it_needs_nothing_from_normal_images():
    assert make(subtract_reference=False).is_fitted
    assert not make().is_fitted
    assert make().mu.shape == (SCALES,)
