# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One batch is one step of the trainer, however many networks learn from it."""

import pytest
import torch
from lightning.pytorch import Callback

from anomalib_scadn import Scadn
from anomalib_scadn.baselines import AloccD

BATCHES_PER_EPOCH = 2


class Record(Callback):
    """Note the trainer's step after each batch."""

    def __init__(self) -> None:
        self.steps = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        self.steps.append(trainer.global_step)


@pytest.fixture(params=[Scadn, AloccD], ids=lambda kind: kind.__name__)
def make(request):
    """Maker of a model with two optimizers."""
    own = {"residual_blocks": 1} if request.param is Scadn else {}
    return lambda: request.param(image_size=32, base_channels=2, **own, seed=0, learning_rate=1e-3, visualizer=False)


@pytest.fixture
def fit(tiny_engine, tiny_lace):
    """Fit for a number of steps; gives the engine and the trainer's step after each batch."""

    def call(model, steps, ckpt_path=None, **arguments):
        record = Record()
        engine = tiny_engine(max_epochs=-1, max_steps=steps, callbacks=[record], **arguments)
        engine.fit(model, datamodule=tiny_lace(), ckpt_path=ckpt_path)
        assert engine.trainer.num_training_batches == BATCHES_PER_EPOCH
        assert len(engine.trainer.optimizers) == 2
        return engine, record.steps

    return call


def judge_of(model) -> torch.Tensor:
    """Weights of the network that the second optimizer updates."""
    return torch.cat([parameter.detach().flatten() for parameter in model.model.discriminator.parameters()])


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_steps_are_batches_and_both_networks_learn(make, fit, precision):
    model = make()
    before = judge_of(model), model.model.state_dict()
    painters = [name for name in before[1] if not name.startswith("discriminator.")]
    first = {name: before[1][name].clone() for name in painters}
    engine, steps = fit(model, 3, precision=precision)
    assert steps == [1, 2, 3]
    assert engine.trainer.global_step == engine.trainer.fit_loop.total_batch_idx + 1 == 3
    assert not torch.equal(judge_of(model), before[0])
    assert any(not torch.equal(model.model.state_dict()[name], value) for name, value in first.items())


def test_checkpoints_count_batches_and_resuming_goes_on_counting(make, fit):
    engine, _ = fit(make(), BATCHES_PER_EPOCH)
    checkpoint = torch.load(engine.best_model_path, weights_only=True)
    assert checkpoint["global_step"] == BATCHES_PER_EPOCH
    assert len(checkpoint["optimizer_states"]) == 2
    model = make()
    model.load_state_dict(checkpoint["state_dict"])
    before = judge_of(model)
    engine, steps = fit(model, 5, ckpt_path=engine.best_model_path)
    assert steps == [3, 4, 5]
    assert torch.load(engine.best_model_path, weights_only=True)["global_step"] in (4, 5)
    # Adam has counted the batches of both runs, for both networks alike.
    for optimizer in engine.trainer.optimizers:
        assert {int(state["step"]) for state in optimizer.state.values()} == {5}
    assert not torch.equal(judge_of(model), before)
