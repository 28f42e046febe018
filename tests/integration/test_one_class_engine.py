# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Images that have no files, through the host's Engine."""

import pytest
import torch

from anomalib_scadn import OneClass, ScadnVisualizer


@pytest.fixture
def digits(mnist_root) -> OneClass:
    return OneClass(mnist_root, normal_class=3, num_workers=0)


def test_the_engine_trains_tests_and_predicts(digits, tiny_scadn, tiny_engine):
    model = tiny_scadn(visualizer=ScadnVisualizer(max_figures=1))
    measured = tiny_engine().train(model, datamodule=digits)[0]
    assert 0 <= measured["image_AUROC"] <= 1
    assert 0 <= measured["image_F1Score"] <= 1
    assert not [name for name, value in measured.items() if "pixel" in name.lower() and value == value]
    tested = tiny_engine().test(model, datamodule=digits)[0]
    assert tested["image_AUROC"] == pytest.approx(measured["image_AUROC"])
    predictions = tiny_engine().predict(model, datamodule=digits)
    labels = torch.cat([batch.gt_label for batch in predictions])
    scores = torch.cat([batch.pred_score for batch in predictions])
    assert labels.sum() == 18
    assert scores.shape == (20,)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_reference_values_come_from_the_normal_class_alone(digits, tiny_scadn, tiny_engine):
    model = tiny_scadn(visualizer=False)
    tiny_engine().train(model, datamodule=digits)
    images = torch.stack([digits.train_data[index].image for index in range(4)])
    resized = model.pre_processor.transform(images)
    with torch.no_grad():
        expected = model.model.statistics(resized) / 4
    assert torch.allclose(model.model.scorer.mu.double(), expected, rtol=1e-4)
