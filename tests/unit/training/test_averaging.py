# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The moving average of the weights: what validates, is saved, resumes and infers."""

import copy

import pytest
import torch
from lightning.pytorch.callbacks import Callback

from anomalib_scadn import CompositeScore, PaperScore, Scadn

DECAY = 0.8


class Watch(Callback):
    """Average the generator's weights in plain sight, and keep those that each validation uses."""

    def __init__(self):
        self.average, self.validated = None, []

    def on_fit_start(self, trainer, pl_module):
        self.average = None

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        weights = [weight.detach().clone() for weight in pl_module.model.generator.parameters()]
        if self.average is None:
            self.average = weights
        else:
            self.average = [DECAY * a + (1 - DECAY) * w for a, w in zip(self.average, weights, strict=True)]

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx=0):
        self.validated = [weight.detach().clone() for weight in pl_module.model.generator.parameters()]


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.detach(), other.detach(), atol=1e-6, rtol=1e-5)


def test_the_average_validates_is_saved_and_stays(tiny_scadn, tiny_lace, tiny_engine):
    watch, model = Watch(), tiny_scadn(ema_decay=DECAY, learning_rate=0.01)
    engine = tiny_engine(max_epochs=2, callbacks=[watch])
    engine.fit(model, datamodule=tiny_lace())
    saved = Scadn.load_from_checkpoint(engine.best_model_path)
    for weights in (watch.validated, model.model.generator.parameters(), saved.model.generator.parameters()):
        assert_same(weights, watch.average)


def test_the_engine_tests_what_the_checkpoint_says(tiny_scadn, tiny_lace, tiny_engine):
    engine = tiny_engine(max_epochs=2)
    trained = engine.train(tiny_scadn(ema_decay=DECAY, learning_rate=0.01), datamodule=tiny_lace())
    again = tiny_engine().test(tiny_scadn(ema_decay=DECAY), datamodule=tiny_lace(), ckpt_path=engine.best_model_path)
    assert again[0] == pytest.approx(trained[0], abs=1e-6)


@pytest.mark.parametrize("score", [PaperScore(), CompositeScore(smoothing=1.0)], ids=["paper", "composite"])
@pytest.mark.parametrize("limits", [{}, {"limit_val_batches": 0}, {"check_val_every_n_epoch": 2}])
def test_reference_values_are_those_of_the_average(tiny_scadn, tiny_lace, tiny_engine, tmp_path, score, limits):
    engine = tiny_engine(max_epochs=3, **limits)
    model, datamodule = tiny_scadn(score=score, ema_decay=DECAY, learning_rate=0.01), tiny_lace()
    engine.fit(model, datamodule=datamodule)
    engine.trainer.save_checkpoint(tmp_path / "after.ckpt")
    saved = [Scadn.load_from_checkpoint(path) for path in (engine.best_model_path, tmp_path / "after.ckpt")]
    for found in (model, *saved):
        expected = copy.deepcopy(found)
        tiny_engine().validate(expected, datamodule=datamodule)
        assert found.model.scorer.is_fitted
        assert_same(found.model.scorer.state_dict().values(), expected.model.scorer.state_dict().values())


def test_a_resumed_run_ends_as_one_that_was_never_stopped(tiny_scadn, tiny_lace, tiny_engine):
    whole, half, resumed = (tiny_scadn(ema_decay=DECAY, learning_rate=0.01, seed=3) for _ in range(3))
    tiny_engine(max_epochs=3).fit(whole, datamodule=tiny_lace())
    engine = tiny_engine(max_epochs=2)
    engine.fit(half, datamodule=tiny_lace())
    tiny_engine(max_epochs=3).fit(resumed, datamodule=tiny_lace(), ckpt_path=engine.best_model_path)
    assert_same(resumed.state_dict().values(), whole.state_dict().values())


def test_a_run_without_the_average_does_not_go_on_from_one_with_it(tiny_scadn, tiny_lace, tiny_engine):
    engine, datamodule = tiny_engine(), tiny_lace()
    engine.fit(tiny_scadn(ema_decay=DECAY), datamodule=datamodule)
    with pytest.raises(ValueError, match=rf"give --model.ema_decay {DECAY} to go on"):
        tiny_engine(max_epochs=2).fit(tiny_scadn(), datamodule=datamodule, ckpt_path=engine.best_model_path)
    tiny_engine().test(tiny_scadn(), datamodule=datamodule, ckpt_path=engine.best_model_path)


def test_weights_that_never_train_stay_as_they_are(tiny_scadn, tiny_lace, tiny_engine):
    model = tiny_scadn(ema_decay=0.999, learning_rate=0.01)
    frozen = model.model.generator.encoder.requires_grad_(requires_grad=False)
    expected = copy.deepcopy(frozen.state_dict())
    tiny_engine(max_epochs=4).fit(model, datamodule=tiny_lace())
    assert all(torch.equal(value, expected[name]) for name, value in frozen.state_dict().items())


def test_without_it_there_is_no_average(tiny_scadn):
    assert not [one for one in tiny_scadn().configure_callbacks() if "Average" in type(one).__name__]
    with pytest.raises(ValueError, match=r"ema_decay must lie in \[0, 1\), got 1"):
        tiny_scadn(ema_decay=1)
