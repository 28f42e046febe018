# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Metrics against naive counts, scikit-learn and the host's threshold."""

import numpy as np
import pytest
import torch
from anomalib.data import ImageBatch
from anomalib.metrics import F1AdaptiveThreshold
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from anomalib_scadn.components.metrics import HistogramF1Threshold, PerImagePixelAUROC, _bin_values, _ordered_bins

BINS = 2**16


def image_batch(maps, masks, **fields):
    """A batch as the host passes it to metrics."""
    count, (height, width) = len(maps), maps.shape[-2:]
    return ImageBatch(image=torch.zeros(count, 3, height, width), anomaly_map=maps, gt_mask=masks, **fields)


# -- Per-image pixel AUROC --------------------------------------------------------------------------------------------


def naive_auroc(scores, labels):
    """Share of pairs in which the anomalous pixel has the higher score; a tie is half a pair."""
    anomalous = [score for score, label in zip(scores, labels, strict=True) if label]
    normal = [score for score, label in zip(scores, labels, strict=True) if not label]
    wins = sum((a > n) + 0.5 * (a == n) for a in anomalous for n in normal)
    return wins / (len(anomalous) * len(normal))


def naive_mean_auroc(maps, masks):
    values = [
        naive_auroc(image.flatten().tolist(), mask.flatten().tolist())
        for image, mask in zip(maps, masks, strict=True)
        if mask.any() and not mask.all()
    ]
    return sum(values) / len(values)


def auroc(*batches):
    metric = PerImagePixelAUROC()
    for maps, masks in batches:
        metric.update(image_batch(maps, masks))
    return float(metric.compute())


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(2, 6), st.integers(2, 6), st.sampled_from([2, 5, 10**6]), st.integers(0, 2**31))
def test_auroc_is_the_mean_over_images_of_the_share_of_ordered_pairs(count, height, width, levels, seed):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randint(levels, (count, height, width), generator=generator).float() / levels  # few levels: ties
    masks = torch.rand(count, height, width, generator=generator) < 0.3
    masks[0, 0, 0], masks[0, 0, 1] = True, False
    assert auroc((maps, masks)) == pytest.approx(naive_mean_auroc(maps, masks), abs=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
def test_auroc_equals_sklearns_image_by_image_at_any_scale_of_the_maps(scale):
    masks = torch.zeros(4, 16, 16, dtype=torch.bool)
    masks[0, 2:5, 3:9] = masks[1, 10:, 10:] = masks[2, 0, 0] = masks[3, 1:] = True
    maps = (torch.rand(4, 16, 16).square() + 0.2 * masks) * scale
    expected = [
        roc_auc_score(mask.flatten().numpy(), image.flatten().numpy()) for image, mask in zip(maps, masks, strict=True)
    ]
    assert auroc((maps, masks)) == pytest.approx(np.mean(expected), abs=1e-6)


def test_images_with_empty_or_full_masks_are_left_out():
    maps, masks = torch.rand(4, 8, 8), torch.zeros(4, 8, 8, dtype=torch.bool)
    masks[1], masks[2, :4] = True, True
    assert auroc((maps, masks)) == pytest.approx(naive_mean_auroc(maps[2:3], masks[2:3]), abs=1e-6)


@pytest.mark.parametrize("full", [False, True])
def test_auroc_without_any_image_of_both_kinds_is_nan(full):
    assert np.isnan(auroc((torch.rand(2, 8, 8), torch.full((2, 8, 8), full))))


def test_images_are_not_pooled():
    masks = torch.zeros(2, 4, 4, dtype=torch.bool)
    masks[:, 0] = True
    maps = masks.float() + torch.tensor([0.0, 100.0])[:, None, None]  # perfect in each image, not across images
    assert auroc((maps, masks)) == 1.0
    assert roc_auc_score(masks.flatten().numpy(), maps.flatten().numpy()) < 0.8


def test_constant_map_gives_one_half():
    masks = torch.zeros(1, 4, 4, dtype=torch.bool)
    masks[0, 0] = True
    assert auroc((torch.full((1, 4, 4), 3.0), masks)) == 0.5


def test_auroc_weighs_images_alike_however_they_are_batched():
    maps, masks = torch.rand(5, 8, 8), torch.rand(5, 8, 8) < 0.3
    whole = auroc((maps, masks))
    assert auroc((maps[:1], masks[:1]), (maps[1:], masks[1:])) == pytest.approx(whole, abs=1e-6)
    assert auroc(*zip(maps.split(2), masks.split(2), strict=True)) == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize("maps_shape", [(3, 8, 8), (3, 1, 8, 8)])
def test_maps_and_masks_may_have_a_channel_axis(maps_shape):
    maps, masks = torch.rand(3, 8, 8), torch.rand(3, 8, 8) < 0.3
    expected = auroc((maps, masks))
    assert auroc((maps.view(maps_shape), masks)) == expected
    metric = PerImagePixelAUROC(fields=["anomaly_map", "pred_mask"])
    batch = image_batch(maps.view(maps_shape), masks)
    batch.pred_mask = masks.unsqueeze(1)
    metric.update(batch)
    assert float(metric.compute()) == expected


class Fields:
    """A batch without the host's validation."""

    def __init__(self, **fields):
        self.__dict__.update(fields)


@pytest.mark.parametrize("masks_shape", [(2, 8, 8), (3, 8, 4), (4, 6, 8)])
def test_maps_and_masks_that_do_not_match_are_refused_with_both_shapes(masks_shape):
    batch = Fields(anomaly_map=torch.rand(3, 8, 8), gt_mask=torch.zeros(masks_shape))
    with pytest.raises(ValueError, match=r"must match, got shapes \(3, 8, 8\) and ") as caught:
        PerImagePixelAUROC().update(batch)
    assert str(caught.value).endswith(f"and {masks_shape}")


def test_any_non_zero_mask_value_is_anomalous():
    maps, masks = torch.rand(2, 8, 8), torch.rand(2, 8, 8) < 0.3
    metric = PerImagePixelAUROC()
    metric.update(Fields(anomaly_map=maps, gt_mask=masks * 255))
    assert float(metric.compute()) == auroc((maps, masks))


def test_auroc_of_half_precision_maps_is_that_of_their_values():
    maps, masks = torch.rand(2, 8, 8).bfloat16(), torch.rand(2, 8, 8) < 0.3
    metric = PerImagePixelAUROC()
    metric.update(Fields(anomaly_map=maps, gt_mask=masks))
    assert float(metric.compute()) == auroc((maps.float(), masks))


def test_batch_without_masks_is_skipped_unless_strict():
    batch = image_batch(torch.rand(2, 8, 8), None)
    relaxed = PerImagePixelAUROC(strict=False)
    relaxed.update(batch)
    assert relaxed.compute() is None
    with pytest.raises(ValueError, match="gt_mask"):
        PerImagePixelAUROC().update(batch)


def test_auroc_starts_anew_after_reset():
    metric = PerImagePixelAUROC()
    maps, masks = torch.rand(2, 8, 8), torch.rand(2, 8, 8) < 0.3
    metric.update(image_batch(maps, masks))
    metric.reset()
    metric.update(image_batch(maps[:1], masks[:1]))
    assert float(metric.compute()) == auroc((maps[:1], masks[:1]))


# -- Threshold in constant memory -------------------------------------------------------------------------------------

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=2, max_size=50))
def test_bins_grow_with_the_value(values):
    ordered = torch.tensor(sorted(values))
    bins = _ordered_bins(ordered)
    assert bins.min() >= 0
    assert bins.max() < BINS
    greater = ordered[1:] > ordered[:-1]  # zero and minus zero are equal but have bins of their own
    assert (bins[1:] >= bins[:-1])[greater].all()


@given(st.lists(FINITE, min_size=1, max_size=50))
def test_bin_starts_at_most_one_part_in_128_below_its_values(values):
    values = torch.tensor(values)
    edges = _bin_values(_ordered_bins(values))
    assert (edges <= values).all()
    normal = values.abs() >= torch.finfo(torch.float32).tiny
    assert (values.double() - edges.double() <= values.double().abs() / 128)[normal].all()


def test_every_finite_bin_is_the_bin_of_its_lower_edge_and_the_edges_grow():
    bins = torch.arange(BINS)
    edges = _bin_values(bins)
    finite = torch.isfinite(edges)
    assert torch.equal(_ordered_bins(edges)[finite], bins[finite])
    assert (edges[finite].diff() > 0).sum() == finite.sum() - 1
    assert finite.sum() > 65_000


def test_edge_is_the_lowest_value_of_its_bin():
    edges = _bin_values(torch.arange(BINS))
    edges = edges[torch.isfinite(edges) & (edges.abs() > 1e-30) & (edges.abs() < 1e30)]
    below = torch.nextafter(edges, torch.tensor(float("-inf")))
    assert torch.equal(_ordered_bins(below), _ordered_bins(edges) - 1)


def f1(scores, labels, threshold):
    predicted = scores >= threshold
    hits = (predicted & labels).sum().item()
    return 2 * hits / (predicted.sum().item() + labels.sum().item())


def best_f1(scores, labels):
    return max(f1(scores, labels, value) for value in scores[labels])  # the best is always at an anomalous value


def thresholds(*batches):
    """Ours and the host's."""
    metrics = HistogramF1Threshold(), F1AdaptiveThreshold(fields=["anomaly_map", "gt_mask"])
    for maps, masks in batches:
        for metric in metrics:
            metric.update(image_batch(maps, masks))
    return tuple(metric.compute() for metric in metrics)


def draw(seed, transform):
    """Overlapping scores of 4 maps, about a tenth of the pixels anomalous."""
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(4, 24, 24, generator=generator) < 0.1
    noise = torch.randn(4, 24, 24, generator=generator)
    return transform(noise + 2 * masks), masks


SCALES = {
    "squared errors": lambda values: values.exp() * 1e-3,
    "large": lambda values: values.exp() * 1e6,
    "negative": lambda values: -(-values).exp(),
    "both signs": lambda values: values,
}


@pytest.mark.parametrize("transform", SCALES.values(), ids=SCALES)
@pytest.mark.parametrize("seed", range(4))
def test_threshold_reaches_the_best_f1_within_a_hundredth(seed, transform):
    scores, masks = draw(seed, transform)
    ours, hosts = thresholds((scores[:3], masks[:3]), (scores[3:], masks[3:]))
    assert ours.shape == ()
    assert ours.dtype == torch.float32
    best = best_f1(scores, masks)
    assert 0.3 < best < 0.95  # the classes overlap
    assert f1(scores, masks, hosts) == pytest.approx(best)
    assert f1(scores, masks, ours) >= 0.99 * best
    assert 2 * ((scores > ours) & masks).sum() / ((scores > ours).sum() + masks.sum()) >= 0.99 * best


@pytest.mark.parametrize("offset", [0.0, -5.0])
def test_threshold_separates_separable_values(offset):
    masks = torch.rand(2, 8, 8) < 0.2
    scores = torch.rand(2, 8, 8) + 2.0 * masks + offset
    ours, hosts = thresholds((scores, masks))
    assert scores[~masks].max() < ours <= scores[masks].min()
    assert float(ours) == pytest.approx(float(hosts), rel=1 / 64)
    assert f1(scores, masks, ours) == 1.0


@given(st.lists(st.floats(-(2.0**126), 2.0**126, width=32), min_size=1, max_size=30))
def test_threshold_lies_above_every_value_when_all_are_normal(values):
    metric = HistogramF1Threshold(fields=["pred_score", "gt_label"])
    scores = torch.tensor(values) + 0.0  # no minus zero
    metric.update(Fields(pred_score=scores, gt_label=torch.zeros(len(values))))
    threshold = metric.compute()
    assert threshold > scores.max()
    if scores.max().abs() > 1e-30:
        assert threshold - scores.max() <= scores.max().abs() / 64


@given(st.lists(FINITE, min_size=1, max_size=30))
def test_threshold_does_not_lie_above_the_lowest_value_when_all_are_anomalous(values):
    metric = HistogramF1Threshold(fields=["pred_score", "gt_label"])
    scores = torch.tensor(values)
    metric.update(Fields(pred_score=scores, gt_label=torch.ones(len(values))))
    threshold = metric.compute()
    assert threshold <= scores.min()
    if scores.min().abs() > 1e-30:
        assert scores.min().double() - threshold.double() <= scores.min().double().abs() / 128


def reduced(first, second):
    """Join two processes' metrics by the reductions that they declare."""
    merged = type(first)(strict=False)
    for name, reduction in first._reductions.items():
        setattr(merged, name, reduction(torch.stack([getattr(first, name), getattr(second, name)])))
    merged._update_count = 1
    return merged


def test_halves_merged_equal_the_whole():
    scores, masks = draw(7, SCALES["squared errors"])
    whole, first, second = (HistogramF1Threshold() for _ in range(3))
    whole.update(image_batch(scores, masks))
    first.update(image_batch(scores[:1], masks[:1]))
    second.update(image_batch(scores[1:], masks[1:]))
    assert not torch.equal(first.counts, whole.counts)
    merged = reduced(first, second)
    assert torch.equal(merged.counts, whole.counts)
    assert torch.equal(merged.compute(), whole.compute())


def test_auroc_of_halves_merged_equals_the_whole():
    maps, masks = torch.rand(3, 8, 8), torch.rand(3, 8, 8) < 0.3
    first, second = PerImagePixelAUROC(), PerImagePixelAUROC()
    first.update(image_batch(maps[:1], masks[:1]))
    second.update(image_batch(maps[1:], masks[1:]))
    assert float(reduced(first, second).compute()) == pytest.approx(auroc((maps, masks)), abs=1e-6)


def test_order_of_the_values_does_not_matter():
    scores, masks = draw(7, SCALES["both signs"])
    order = torch.randperm(scores.numel())
    mixed = scores.flatten()[order].view_as(scores), masks.flatten()[order].view_as(masks)
    assert torch.equal(thresholds((scores, masks))[0], thresholds(mixed)[0])


def state_bytes(metric):
    states = [getattr(metric, name) for name in metric._defaults]
    return [state.element_size() * state.untyped_storage().size() for state in states]


def test_memory_does_not_grow_with_the_values():
    metric = HistogramF1Threshold()
    before = state_bytes(metric)
    for seed in range(5):
        metric.update(image_batch(*draw(seed, SCALES["both signs"])))
    assert state_bytes(metric) == before
    assert int(metric.counts.sum()) == 5 * 4 * 24 * 24
    assert metric.counts.dtype == torch.long


def test_counts_tell_normal_from_anomalous_values():
    metric = HistogramF1Threshold()
    scores, masks = draw(3, SCALES["both signs"])
    metric.update(image_batch(scores, masks))
    assert metric.counts.sum(dim=1).tolist() == [(~masks).sum(), masks.sum()]


def test_threshold_of_an_unfed_metric_is_none_and_reset_forgets():
    metric = HistogramF1Threshold(strict=False)
    assert metric.compute() is None
    metric.update(image_batch(*draw(0, SCALES["large"])))
    metric.reset()
    metric.update(image_batch(*draw(1, SCALES["both signs"])))
    assert torch.equal(metric.compute(), thresholds(draw(1, SCALES["both signs"]))[0])


def test_batch_without_masks_does_not_count():
    metric = HistogramF1Threshold(strict=False)
    metric.update(image_batch(torch.rand(2, 8, 8), None))
    assert metric.compute() is None
    assert not metric.counts.any()


def test_minus_zero_and_zero_are_one_value():
    metric = HistogramF1Threshold(fields=["anomaly_map", "gt_mask"])
    metric.update(ImageBatch(image=torch.zeros(1, 3, 2, 2), anomaly_map=torch.full((1, 2, 2), -0.0),
                             gt_mask=torch.zeros(1, 2, 2, dtype=torch.bool)))  # fmt: skip
    assert metric.compute() > 0.0
