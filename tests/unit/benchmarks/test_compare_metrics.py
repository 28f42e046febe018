# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Metrics of the comparison, against scikit-learn and naive loops."""

import numpy as np
import pytest
import torch
from scipy.ndimage import label as label_regions
from sklearn.metrics import precision_recall_curve, roc_auc_score

from measure import Scored, measure_quality, to_unit_range


@pytest.fixture
def scored():
    """Twelve images of 9 x 7 pixels; maps far above 1, as PatchCore's are; the last mask is full."""
    generator = np.random.default_rng(0)
    labels = np.array([0, 1] * 6)
    masks = np.zeros((12, 9, 7), dtype=bool)
    masks[1::2, 2:4, 1:5] = True
    masks[3, 6:, 5:] = True
    masks[11] = True
    maps = 40 + generator.normal(size=masks.shape) + masks
    scores = 40 + generator.normal(size=12) + labels
    return Scored(*(torch.from_numpy(values) for values in (scores.astype("f4"), labels, maps.astype("f4"), masks)))


def naive_aupro(maps, masks, limit=0.3):
    """Area under mean overlap of regions against false positive rate, threshold by threshold."""
    regions = [
        (image, labelled == number)
        for image, labelled in enumerate(label_regions(mask, np.ones((3, 3)))[0] for mask in masks)
        for number in range(1, labelled.max() + 1)
    ]
    points = [(0.0, 0.0)]
    for threshold in np.unique(maps)[::-1]:
        found = maps >= threshold
        overlap = np.mean([found[image][region].mean() for image, region in regions])
        points.append((found[~masks].mean(), overlap))
    rates, overlaps = np.array(points).T
    grid = np.append(rates[rates < limit], limit)
    values = np.append(overlaps[rates < limit], np.interp(limit, rates, overlaps))
    return np.trapezoid(values, grid) / limit


def test_metrics_equal_sklearns_on_the_raw_scores(scored):
    scores, labels, maps, masks, _ = scored
    found = measure_quality(scored)
    assert found["image_AUROC"] == pytest.approx(roc_auc_score(labels, scores), abs=1e-6)
    assert found["pixel_AUROC"] == pytest.approx(roc_auc_score(masks.flatten(), maps.flatten()), abs=1e-6)
    precision, recall, _ = precision_recall_curve(labels, scores)
    assert found["image_F1Max"] == pytest.approx(np.max(2 * precision * recall / (precision + recall)), abs=1e-6)


def test_per_image_auroc_leaves_out_empty_and_full_masks(scored):
    _, _, maps, masks, _ = scored
    expected = np.mean([roc_auc_score(masks[i].flatten(), maps[i].flatten()) for i in (1, 3, 5, 7, 9)])
    assert measure_quality(scored)["PerImagePixelAUROC"] == pytest.approx(expected, abs=1e-6)


def test_aupro_equals_a_naive_loop_over_thresholds(scored):
    _, _, maps, masks, _ = scored
    expected = naive_aupro(maps[:11].numpy(), masks[:11].numpy())  # without the full mask
    assert measure_quality(scored)["pixel_AUPRO"] == pytest.approx(expected, abs=1e-5)


def test_metrics_that_are_not_defined_are_none(scored):
    found = measure_quality(scored._replace(labels=torch.zeros(12), masks=torch.zeros_like(scored.masks)))
    assert set(found.values()) == {None}


def test_pixels_of_full_and_empty_masks_still_have_an_auroc():
    masks = torch.tensor([0, 0, 1, 1]).bool()[:, None, None].expand(4, 2, 2)
    scored = Scored(torch.arange(4.0), torch.tensor([0, 0, 1, 1]), torch.arange(16.0).view(4, 2, 2), masks)
    found = measure_quality(scored)
    assert found["pixel_AUROC"] == 1
    assert found["pixel_AUPRO"] is found["PerImagePixelAUROC"] is None


@pytest.mark.parametrize("values", [[3.0, -5.0, 1e30], [7.0, 7.0, 7.0], [40.0, 40.00001, 90.0]])
def test_unit_range_keeps_the_order(values):
    tensor = torch.tensor(values)
    found = to_unit_range(tensor)
    assert found.min() >= 0
    assert found.max() <= 1
    assert torch.equal(found[:, None] > found, tensor[:, None] > tensor)
