# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Checkpoints of compiled models load; those that do not fit are refused in one line that says what differs."""

import re

import pytest
import torch
from lightning.pytorch import Trainer

from anomalib_scadn import Scadn
from anomalib_scadn.baselines import Dae
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.training.checkpoints import ARGUMENTS_KEY


def save(model, path):
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=path.parent)
    trainer.strategy.connect(model)
    trainer.save_checkpoint(path)
    return path


@pytest.mark.parametrize("kind", [Scadn, Dae])
def test_a_compiled_models_checkpoint_loads_and_a_compiled_model_loads_any(tmp_path, kind):
    model = kind(image_size=32, base_channels=2, seed=0)
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    plain = torch.load(save(model, tmp_path / "plain.ckpt"), weights_only=True)
    model.model = torch.compile(model.model)  # compiles nothing before it is called
    compiled = save(model, tmp_path / "compiled.ckpt")
    content = torch.load(compiled, weights_only=True)
    assert content["state_dict"].keys() == expected.keys()
    older = tmp_path / "older.ckpt"  # with the names that torch.compile gives
    prefixed = {re.sub(r"^model\.", "model._orig_mod.", name): value for name, value in content["state_dict"].items()}
    torch.save(content | {"state_dict": prefixed}, older)
    for path in (compiled, older):
        found = kind.load_from_checkpoint(path)
        torch.testing.assert_close(dict(found.state_dict()), expected, rtol=0, atol=0, equal_nan=True)
    model.on_load_checkpoint(plain)
    model.load_state_dict(plain["state_dict"])


def test_a_compiled_run_of_averaged_weights_goes_on_without_compiling(tiny_scadn, tiny_lace, tiny_engine):
    model = tiny_scadn(ema_decay=0.5)
    model.model.generator = torch.compile(model.model.generator, backend="eager")
    first = tiny_engine(max_epochs=1)
    first.fit(model, datamodule=tiny_lace())
    plain, again = tiny_scadn(ema_decay=0.5), tiny_engine(max_epochs=2)
    again.fit(plain, datamodule=tiny_lace(), ckpt_path=first.best_model_path)
    assert again.trainer.current_epoch == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"base_channels": 4}, "trained with base_channels = 2, this model has 4; give --model.base_channels"),
        ({"residual_blocks": 3}, "trained with residual_blocks = 1, this model has 3; give --model.residual_blocks"),
        ({"residual": "separable"}, "trained with residual = full, this model has separable; give --model.residual"),
        ({"lambda_adv": 0}, "trained with lambda_adv = 0.001, this model has 0; give --model.lambda_adv"),
        ({"image_size": 40}, r"trained with image_size = \(32, 32\), this model has \(40, 40\)"),
    ],
)
def test_the_argument_that_differs_is_named(tmp_path, tiny_scadn, tiny_lace, tiny_engine, arguments, message):
    path = save(tiny_scadn(), tmp_path / "model.ckpt")
    with pytest.raises(ValueError, match=message):
        Scadn.load_from_checkpoint(path, **arguments)
    with pytest.raises(ValueError, match=message):
        tiny_engine().test(tiny_scadn(**arguments), datamodule=tiny_lace(), ckpt_path=path)


def test_another_weight_of_the_same_loss_is_no_difference(tmp_path, tiny_scadn):
    path = save(tiny_scadn(), tmp_path / "model.ckpt")
    assert Scadn.load_from_checkpoint(path, lambda_adv=0.5).lambda_adv == 0.5


def test_a_checkpoint_of_a_version_without_these_arguments_has_the_papers_networks(tmp_path):
    path = save(Scadn(image_size=32, base_channels=2, seed=0), tmp_path / "model.ckpt")
    old = torch.load(path, weights_only=True)
    for arguments in (old["hyper_parameters"], old[ARGUMENTS_KEY]):
        del arguments["residual_blocks"], arguments["residual"]
    torch.save(old, path)
    assert len(Scadn.load_from_checkpoint(path).model.generator.residual) == 8
    with pytest.raises(ValueError, match=r"model\.generator\.residual\.1\.\S+ has shape .* expected no such key"):
        Scadn.load_from_checkpoint(path, residual_blocks=1)


def test_weights_that_do_not_fit_are_refused_in_one_line(tmp_path, tiny_scadn):
    model = tiny_scadn()
    state = dict(model.state_dict())
    state["model.generator.encoder.1.weight"] = torch.zeros(1)
    del state["model.scorer.mu"]
    name = r"model\.generator\.encoder\.1\.weight"
    message = rf"^the state does not fit this Scadn: {name} has shape \(1,\), expected .* \(2 keys differ"
    with pytest.raises(ValueError, match=message) as error:
        model.load_state_dict(state)
    assert "\n" not in str(error.value)
    assert model.load_state_dict({}, strict=False).missing_keys


def test_an_inferencer_says_what_does_not_fit(tmp_path):
    path = save(Dae(image_size=32, base_channels=2), tmp_path / "dae.ckpt")
    with pytest.raises(ValueError, match=r"dae\.ckpt cannot be loaded .* keys differ; is it another model's\?\)$"):
        StripedMaskInferencer(path)
