# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scores as objects: options, descriptions, and what is made from a description."""

import json

import pytest
import torch

from anomalib_scadn import Scadn
from anomalib_scadn.scoring import CompositeScore, PaperScore, Score, as_score


@pytest.mark.parametrize("score", [PaperScore("mean"), CompositeScore(("mse", "perceptual"), smoothing=2)])
def test_a_description_is_plain_data_that_makes_the_score_again(score, tmp_path):
    torch.save(score.description, tmp_path / "score.pt")
    again = as_score(torch.load(tmp_path / "score.pt", weights_only=True))
    assert type(again) is type(score)
    assert again.description == score.description


def test_a_description_may_be_a_configurations():
    score = as_score({"class_path": "anomalib_scadn.CompositeScore", "init_args": {"pooling": "mean"}})
    assert score.pooling == "mean"
    assert as_score({"class_path": "PaperScore"}).merge == "max"


def test_a_backbones_file_is_no_part_of_the_description(tmp_path):
    score = CompositeScore(("perceptual",), backbone_weights=tmp_path / "weights.pth")
    assert score.description["init_args"]["backbone_weights"] == "checkpoint"
    assert "backbone" not in CompositeScore().description["init_args"]


def test_nothing_is_imported_by_a_name_of_a_description(monkeypatch):
    monkeypatch.setattr("builtins.__import__", lambda *_, **__: pytest.fail("something was imported"))
    with pytest.raises(ValueError, match=r"unknown score 'os\.system'; known: .*CompositeScore, .*PaperScore"):
        as_score({"class_path": "os.system", "init_args": {}})


@pytest.mark.parametrize("score", ["PaperScore", {"merge": "max"}, {"class_path": "PaperScore", "merge": "max"}, 3])
def test_what_is_neither_score_nor_description_is_named(score):
    with pytest.raises(TypeError, match="score must be a Score, or a class_path with init_args, got"):
        as_score(score)


def test_an_unknown_option_is_named():
    with pytest.raises(TypeError, match="pooling"):
        as_score({"class_path": "PaperScore", "init_args": {"pooling": "max"}})


def test_the_base_is_no_score():
    with pytest.raises(ValueError, match="unknown score 'Score'"):
        as_score({"class_path": "Score"})


def test_two_models_do_not_share_a_score():
    score = PaperScore()
    first, second = (Scadn(image_size=32, base_channels=2, score=score) for _ in range(2))
    first.model.scorer.mu.fill_(1.0)
    assert torch.isnan(second.model.scorer.mu).all()


def test_a_score_of_ones_own_is_one_class():
    class HalfScore(PaperScore):
        def __init__(self, share: float = 0.5) -> None:
            super().__init__()
            self.share = share

        def forward(self, images, reconstructions, masks):
            output = super().forward(images, reconstructions, masks)
            return output._replace(pred_score=self.share * output.pred_score)

    try:
        model = Scadn(image_size=32, base_channels=2, seed=0, score=HalfScore(0.25))
        assert model.hparams["score"] == {"class_path": "HalfScore", "init_args": {"share": 0.25}}
        assert json.loads(json.dumps(dict(model.hparams)))["score"] == model.hparams["score"]
        again = Scadn(**model.hparams)
        images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
        plain = Scadn(image_size=32, base_channels=2, seed=0).model.eval()
        with torch.no_grad():
            torch.testing.assert_close(again.model.eval()(images).pred_score, 0.25 * plain(images).pred_score)
    finally:
        del Score.kinds["HalfScore"]


def test_two_scores_cannot_have_one_name():
    with pytest.raises(TypeError, match="there is a score PaperScore in anomalib_scadn"):
        type("PaperScore", (PaperScore,), {})
