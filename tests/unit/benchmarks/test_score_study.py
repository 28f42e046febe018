# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The study of scores: metrics against scikit-learn, and what it judges against the models themselves."""

import json
from argparse import Namespace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

import study
from anomalib_scadn import CompositeScore
from anomalib_scadn.cli.configs import config_path
from measure import Scored, measure_areas
from scores import Study, make_variants, spread
from store import MadeOtherwiseError
from training import OPTIONS, Option, train_once, training_arguments

WIDTHS = (0.0, 0.5, 1.5)

JUDGED = (
    "mse, min, none, max, width 3",
    "msgms, mean, pixel, max, width 2",
    "mse+ssim+msgms, mean, pixel, max",
    "mse+msgms, min, pixel, max",
    "mse+msgms, mean, global, max",
    "mse, geometric, none, max, width 3",
)
"""Kinds of errors in other places than in the study's own list."""


def test_metrics_are_scikit_learns():
    generator = torch.Generator().manual_seed(0)
    masks = torch.rand(6, 24, 24, generator=generator) > 0.9
    masks[0], masks[1] = False, True
    maps = torch.randn(6, 24, 24, generator=generator).exp() + masks  # a heavy tail
    scores, labels = torch.rand(6, generator=generator), torch.tensor([0, 1, 1, 0, 1, 0])
    found = measure_areas(Scored(scores, labels, maps, masks))
    pixels = [roc_auc_score(mask.flatten(), one.flatten()) for mask, one in zip(masks[2:], maps[2:], strict=True)]
    assert found["image_AUROC"] == pytest.approx(roc_auc_score(labels, scores))
    assert found["pixel_AUROC"] == pytest.approx(roc_auc_score(masks.flatten(), maps.flatten()), abs=1e-6)
    assert found["PerImagePixelAUROC"] == pytest.approx(np.mean(pixels), abs=1e-6)


def test_without_masks_there_are_no_pixel_metrics():
    scored = Scored(torch.tensor([0.1, 0.9]), torch.tensor([0, 1]), torch.rand(2, 8, 8), torch.zeros(2, 8, 8) > 0)
    assert measure_areas(scored) == {"image_AUROC": 1.0, "pixel_AUROC": None, "PerImagePixelAUROC": None}


def test_indices_are_spread_evenly():
    assert spread(10, 4) == [0, 2, 5, 7]
    assert spread(3, 8) == spread(3, None) == [0, 1, 2]


def test_the_study_judges_as_the_models_do(tiny_scadn, tiny_lace):
    data = tiny_lace()
    data.prepare_data()
    data.setup()
    found = make_variants(WIDTHS, perceptual=False)
    variants = {name: found[name] for name in JUDGED}
    model = tiny_scadn().eval()
    study = Study(model, variants, None)
    study.fit(data.train_data, 4)
    images = torch.stack([data.train_data[index].image for index in spread(len(data.train_data), 4)])
    image = data.test_data[0].image
    judged = {name: (score, maps) for name, score, maps in study.judge(image)}
    for name, arguments in variants.items():
        alone = tiny_scadn(score=CompositeScore(**arguments)).eval()
        alone.model.generator.load_state_dict(model.model.generator.state_dict())
        with torch.no_grad():
            if alone.model.scorer.standardization is not None:
                alone.model.scorer.fit(alone.model.statistics(images), len(images))
            expected = alone.model.score(image[None])
        torch.testing.assert_close(judged[name][0], expected.pred_score, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(judged[name][1], expected.anomaly_map, atol=1e-4, rtol=1e-4)


def test_reference_values_come_from_images_without_augmentation(tiny_scadn, tiny_lace):
    values = []
    for name in ("as configured", "flips"):
        data = tiny_lace(train_augmentations=OPTIONS[name].augmentations)
        data.prepare_data()
        data.setup()
        study = Study(tiny_scadn().eval(), dict(list(make_variants(WIDTHS, perceptual=False).items())[:1]), None)
        study.fit(data.train_data, 4)
        values.append(study.paper.mu)
    assert torch.equal(*values)


def test_weights_of_another_training_are_refused(tiny_scadn, tiny_lace, tmp_path):
    data = tiny_lace()
    data.prepare_data()
    data.setup()
    weights = tmp_path / "seed0" / "generator.pt"
    first, again = tiny_scadn(), tiny_scadn(seed=1)
    seconds = train_once(first, data, 1, weights, {"seed": 0})
    assert train_once(again, data, 1, weights, {"seed": 0}) == seconds > 0
    for one, other in zip(first.model.generator.parameters(), again.model.generator.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ValueError, match=r"generator\.pt was made with seed=0, not with seed=1; remove it"):
        train_once(again, data, 1, weights, {"seed": 1})
    weights.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match="made with seed=None, not with seed=0"):
        train_once(again, data, 1, weights, {"seed": 0})


def test_weights_are_told_by_all_that_trains_and_by_nothing_that_judges():
    found = training_arguments(config_path("scadn_plus_crops"))
    assert {"image_size", "crop_size", "stripes", "base_channels", "lambda_ssim", "ema_decay", "seed"} <= set(found)
    assert not {"score", "errors", "combine", "standardize", "smoothing", "pooling", "reference_images"} & set(found)


def test_a_configuration_that_asks_once_is_compared_in_striped_passes():
    arguments = Namespace(config=config_path("scadn_repair"), **dict.fromkeys(study.OVERRULED))
    assert study.configured_model(arguments, Option(), 0).model.passes == "striped"
    assert study.configured_model(arguments, Option({"passes": "once"}), 0).model.passes == "once"


def test_a_study_of_few_widths_is_refused():
    with pytest.raises(ValueError, match="three widths"):
        make_variants((1.0, 2.0), perceptual=False)


def test_results_of_other_training_are_neither_replaced_nor_added_to(tmp_path):
    def ask(**changed):
        given = {"--data": "lace", "--config": str(config_path("scadn_plus")), "--output": str(tmp_path)}
        given |= {"--results": str(tmp_path), "--steps": "10"} | {f"--{name}": value for name, value in changed.items()}
        return study.make_parser().parse_args(["scores", *(part for pair in given.items() for part in pair)])

    arguments = ask()
    path = study.score_file(arguments, "lace")
    assert path == tmp_path / "scores_lace.json"
    made_with = study.score_settings(arguments) | study.training_settings(arguments, "lace", 0)
    runs = {"0": {"configuration": made_with}}
    path.write_text(json.dumps({"runs": runs}))
    assert study.score_file(ask(), "lace") == path
    assert study.score_file(ask(seeds="1"), "lace") == path  # another seed of the same training is added
    for seed in ("0", "1"):
        with pytest.raises(MadeOtherwiseError, match=r"scores_lace.json was made with steps=10, not with steps=11"):
            study.score_file(ask(steps="11", seeds=seed), "lace")


def test_costs_of_other_repeats_or_without_the_perceptual_error_are_not_replaced(tmp_path):
    path, settings = tmp_path / "score_cost_128_8.json", {"image_size": 128, "base_channels": 8, "repeats": 5}
    study.refuse_other(path, settings, perceptual=False)
    path.write_text(json.dumps({**settings, "scores": {"paper": {}, "perceptual": {}}}))
    study.refuse_other(path, settings, perceptual=True)
    with pytest.raises(MadeOtherwiseError, match="perceptual=True, not with perceptual=False"):
        study.refuse_other(path, settings, perceptual=False)
    with pytest.raises(MadeOtherwiseError, match="repeats=5, not with repeats=3"):
        study.refuse_other(path, settings | {"repeats": 3}, perceptual=True)
