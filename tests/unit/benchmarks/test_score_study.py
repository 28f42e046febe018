# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The study of scores: quick metrics against scikit-learn, and what it judges against the models themselves."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from score_study.evaluate import Study, spread
from score_study.quality import quality
from score_study.variants import make_variants


def test_quick_metrics_are_scikit_learns():
    generator = torch.Generator().manual_seed(0)
    masks = torch.rand(6, 24, 24, generator=generator) > 0.9
    masks[0], masks[1] = False, True
    maps = torch.randn(6, 24, 24, generator=generator).exp() + masks  # a heavy tail
    scores, labels = torch.rand(6, generator=generator), torch.tensor([0, 1, 1, 0, 1, 0])
    found = quality(scores, labels, maps, masks)
    pixels = [roc_auc_score(mask.flatten(), one.flatten()) for mask, one in zip(masks[2:], maps[2:], strict=True)]
    assert found["image_AUROC"] == pytest.approx(roc_auc_score(labels, scores))
    assert found["pixel_AUROC"] == pytest.approx(roc_auc_score(masks.flatten(), maps.flatten()), abs=1e-4)
    assert found["PerImagePixelAUROC"] == pytest.approx(np.mean(pixels), abs=1e-3)


def test_without_masks_there_are_no_pixel_metrics():
    found = quality(torch.tensor([0.1, 0.9]), torch.tensor([0, 1]), torch.rand(2, 8, 8), torch.zeros(2, 8, 8) > 0)
    assert found == {"image_AUROC": 1.0, "pixel_AUROC": None, "PerImagePixelAUROC": None}


def test_indices_are_spread_evenly():
    assert spread(10, 4) == [0, 2, 5, 7]
    assert spread(3, 8) == spread(3, None) == [0, 1, 2]


def test_the_study_judges_as_the_models_do(tiny_scadn, tiny_lace):
    data = tiny_lace()
    data.prepare_data()
    data.setup()
    variants = {name: values for name, values in make_variants(perceptual=False).items() if "mse, min" in name}
    model = tiny_scadn().eval()
    study = Study(model, variants, 1.5, None)
    study.fit(data.train_data, 4)
    images = torch.stack([data.train_data[index].image for index in spread(len(data.train_data), 4)])
    image = data.test_data[0].image
    judged = {name: (score, maps) for name, score, maps in study.judge(image)}
    for name, arguments in variants.items():
        alone = tiny_scadn(score="composite", smoothing=1.5, **arguments).eval()
        alone.model.generator.load_state_dict(model.model.generator.state_dict())
        with torch.no_grad():
            if alone.model.scorer.standardization is not None:
                alone.model.scorer.fit(alone.model.statistics(images), len(images))
            expected = alone.model.score(image[None])
        torch.testing.assert_close(judged[name][0], expected.pred_score, atol=1e-4, rtol=1e-4)
