# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Learning rates that fall: along the cosine, to the end of the training, and on after a break."""

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback

RATES = {"learning_rate": 0.01, "discriminator_learning_rate": 0.002, "learning_rate_schedule": "cosine"}


class Watch(Callback):
    """Keep the rates that each batch is learned with."""

    def __init__(self):
        self.rates = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.rates.append([optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers])


class Break(Callback):
    """End a run early, whatever its limits say."""

    def on_train_epoch_end(self, trainer, pl_module):
        trainer.should_stop = True


def expected(batches):
    share = (1 + np.cos(np.pi * np.arange(batches) / batches)) / 2
    return np.outer(share, [0.01, 0.002])


def test_both_rates_fall_along_half_a_cosine(tiny_scadn, tiny_lace, tiny_engine):
    watch = Watch()
    tiny_engine(max_epochs=3, callbacks=[watch]).fit(tiny_scadn(**RATES), datamodule=tiny_lace())
    assert len(watch.rates) > 3
    np.testing.assert_allclose(watch.rates, expected(len(watch.rates)), rtol=1e-9)


@pytest.mark.parametrize(("arguments", "optimizers"), [({}, 2), ({"lambda_adv": 0.0}, 1)])
@pytest.mark.parametrize("epochs", [-1, 100])
def test_limits_in_steps_count_each_optimizer(tiny_scadn, tiny_lace, tiny_engine, arguments, optimizers, epochs):
    watch = Watch()
    engine = tiny_engine(max_epochs=epochs, max_steps=5 * optimizers, callbacks=[watch])
    engine.fit(tiny_scadn(**RATES, **arguments), datamodule=tiny_lace())
    assert len(watch.rates) == 5
    np.testing.assert_allclose(watch.rates, expected(5)[:, :optimizers], rtol=1e-9)


def test_a_resumed_run_ends_as_one_that_was_never_stopped(tiny_scadn, tiny_lace, tiny_engine):
    whole, half, resumed = (tiny_scadn(**RATES, seed=3) for _ in range(3))
    tiny_engine(max_epochs=3).fit(whole, datamodule=tiny_lace())
    engine = tiny_engine(max_epochs=3, callbacks=[Break()])
    engine.fit(half, datamodule=tiny_lace())
    tiny_engine(max_epochs=3).fit(resumed, datamodule=tiny_lace(), ckpt_path=engine.best_model_path)
    for found, other in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        torch.testing.assert_close(found, other, atol=1e-6, rtol=1e-5)


def test_a_run_with_more_epochs_falls_to_its_own_end(tiny_scadn, tiny_lace, tiny_engine):
    watch, engine = Watch(), tiny_engine(max_epochs=1)
    engine.fit(tiny_scadn(**RATES), datamodule=tiny_lace())
    again = tiny_engine(max_epochs=3, callbacks=[watch])
    again.fit(tiny_scadn(**RATES), datamodule=tiny_lace(), ckpt_path=engine.best_model_path)
    rest = len(watch.rates)
    np.testing.assert_allclose(watch.rates[1:], expected(rest * 3 // 2)[-rest + 1 :], rtol=1e-9)


def test_a_training_without_an_end_is_refused(tiny_scadn, tiny_lace, tiny_engine):
    engine = tiny_engine(max_epochs=-1, max_time="00:00:10:00")
    with pytest.raises(ValueError, match="'cosine' must know when training ends, got max_epochs=-1 and max_steps=-1"):
        engine.fit(tiny_scadn(**RATES), datamodule=tiny_lace())


def test_an_unknown_schedule_is_refused(tiny_scadn):
    with pytest.raises(ValueError, match="learning_rate_schedule must be 'constant' or 'cosine', got 'linear'"):
        tiny_scadn(learning_rate_schedule="linear")
