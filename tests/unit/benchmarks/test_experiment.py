# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The AUROC of the paper's experiments, which takes raw scores."""

import math
from types import SimpleNamespace

import pytest
import torch
from sklearn.metrics import roc_auc_score

from experiment import AUROC


def test_scores_above_one_in_some_batches_only_are_compared_as_they_are():
    scores = torch.tensor([[0.1, 0.9, 0.95], [3.0, 0.05, 0.2]])
    labels = torch.tensor([[0, 1, 0], [1, 1, 0]])
    metric = AUROC(prefix="image_")
    for batch_scores, batch_labels in zip(scores, labels, strict=True):
        metric.update(SimpleNamespace(pred_score=batch_scores, gt_label=batch_labels))
    assert metric.name == "image_AUROC"
    assert float(metric.compute()) == pytest.approx(roc_auc_score(labels.flatten(), scores.flatten()))


def test_one_class_alone_has_no_area():
    metric = AUROC()
    metric.update(SimpleNamespace(pred_score=torch.rand(3), gt_label=torch.zeros(3)))
    assert math.isnan(metric.compute())
