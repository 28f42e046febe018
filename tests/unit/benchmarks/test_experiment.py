# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The AUROC of the paper's experiments, which takes raw scores."""

import pytest
import torch
from sklearn.metrics import roc_auc_score

from measure import auroc


def test_scores_above_one_among_others_are_compared_as_they_are():
    scores, labels = torch.tensor([0.1, 0.9, 0.95, 3.0, 0.05, 0.2]), torch.tensor([0, 1, 0, 1, 1, 0])
    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_has_no_area(label):
    assert auroc(torch.rand(3), torch.full((3,), label)) is None
