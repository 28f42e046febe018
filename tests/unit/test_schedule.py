# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Learning rates that fall: along the cosine, to the end of the training, and on after a break."""

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from torch.utils.data import DataLoader, IterableDataset

FULL = {"learning_rate": 0.01, "discriminator_learning_rate": 0.002}
RATES = {**FULL, "learning_rate_schedule": "cosine"}


class Watch(Callback):
    """Keep the rates that each batch is learned with."""

    def __init__(self):
        self.rates = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
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


def test_batches_left_out_are_not_waited_for(tiny_scadn, tiny_lace, tiny_engine):
    watch = Watch()
    tiny_engine(max_epochs=4, limit_train_batches=1, callbacks=[watch]).fit(tiny_scadn(**RATES), datamodule=tiny_lace())
    np.testing.assert_allclose(watch.rates, expected(4), rtol=1e-9)


@pytest.mark.parametrize("ema_decay", [0.0, 0.5])
def test_a_resumed_run_ends_as_one_that_was_never_stopped(tiny_scadn, tiny_lace, tiny_engine, ema_decay):
    whole, half, resumed = (tiny_scadn(**RATES, ema_decay=ema_decay, seed=3) for _ in range(3))
    tiny_engine(max_epochs=3).fit(whole, datamodule=tiny_lace())
    engine = tiny_engine(max_epochs=3, callbacks=[Break()])
    engine.fit(half, datamodule=tiny_lace())
    tiny_engine(max_epochs=3).fit(resumed, datamodule=tiny_lace(), ckpt_path=engine.best_model_path)
    for found, other in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        torch.testing.assert_close(found, other, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("first", ["constant", "cosine"])
@pytest.mark.parametrize("then", ["constant", "cosine"])
def test_a_finished_run_goes_on_at_the_rates_of_its_new_limit(tiny_scadn, tiny_lace, tiny_engine, first, then):
    watch, engine = Watch(), tiny_engine(max_epochs=1)
    engine.fit(tiny_scadn(**FULL, learning_rate_schedule=first), datamodule=tiny_lace())
    again = tiny_engine(max_epochs=3, callbacks=[watch])
    model = tiny_scadn(**FULL, learning_rate_schedule=then)
    again.fit(model, datamodule=tiny_lace(), ckpt_path=engine.best_model_path)
    rest = len(watch.rates)
    assert rest == 4  # two epochs of two batches
    rates = expected(6)[-rest:] if then == "cosine" else [[0.01, 0.002]] * rest
    np.testing.assert_allclose(watch.rates, rates, rtol=1e-9)


def test_a_schedule_changes_nothing_that_is_drawn(tiny_scadn, tiny_lace, tiny_engine):
    seen = {"constant": [], "cosine": []}
    for schedule, inputs in seen.items():
        model = tiny_scadn(learning_rate_schedule=schedule)
        model.model.generator.register_forward_pre_hook(lambda _, given, inputs=inputs: inputs.append(given[0].clone()))
        tiny_engine(max_epochs=2, limit_val_batches=0).fit(model, datamodule=tiny_lace())
    assert len(seen["constant"]) > 4
    for constant, cosine in zip(*seen.values(), strict=True):
        assert torch.equal(constant, cosine)


def test_a_training_without_an_end_is_refused(tiny_scadn, tiny_lace, tiny_engine):
    engine = tiny_engine(max_epochs=-1, max_time="00:00:10:00")
    with pytest.raises(ValueError, match="must know when training ends, got max_epochs=-1 of 2 batches each and"):
        engine.fit(tiny_scadn(**RATES), datamodule=tiny_lace())


class Stream(IterableDataset):
    """Data without a length."""

    def __init__(self, dataset):
        self.dataset = dataset
        self.collate_fn = dataset.collate_fn

    def __iter__(self):
        return (self.dataset[index] for index in range(len(self.dataset)))


def test_data_without_a_length_need_a_limit_in_steps(tiny_scadn, tiny_lace, tiny_engine):
    lace = tiny_lace()
    lace.prepare_data()
    lace.setup()
    stream = Stream(lace.train_data)
    loader = DataLoader(stream, batch_size=4, collate_fn=stream.collate_fn)
    with pytest.raises(ValueError, match="max_epochs=1 of inf batches each and max_steps=-1"):
        tiny_engine(limit_val_batches=0).fit(tiny_scadn(**RATES), train_dataloaders=loader)
    watch = Watch()
    engine = tiny_engine(max_epochs=3, max_steps=8, limit_val_batches=0, callbacks=[watch])
    engine.fit(tiny_scadn(**RATES), train_dataloaders=loader)
    np.testing.assert_allclose(watch.rates, expected(4), rtol=1e-9)


def test_an_unknown_schedule_is_refused(tiny_scadn):
    with pytest.raises(ValueError, match="learning_rate_schedule must be one of 'constant', 'cosine', got 'linear'"):
        tiny_scadn(learning_rate_schedule="linear")
