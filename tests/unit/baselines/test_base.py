# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What all compared methods share: arguments, seeds, refusals, checkpoints."""

import inspect
import logging
import math

import pytest
import torch
from anomalib.data import ImageBatch
from anomalib.models import get_model, list_models
from anomalib.visualization import ImageVisualizer
from jsonargparse import ArgumentParser
from lightning.pytorch import Trainer
from omegaconf import OmegaConf

from anomalib_scadn.baselines import AloccD, AloccDR, Baseline, Dae, MemAe, Ocgan
from anomalib_scadn.baselines.torch_model import reconstruction_error, squared_errors
from anomalib_scadn.loss import NonFiniteLossError

MODELS = {"dae": Dae, "mem_ae": MemAe, "alocc_d": AloccD, "alocc_d_r": AloccDR, "ocgan": Ocgan}


def make(kind, **arguments):
    own = {"slots": 10} if kind is MemAe else {"latent_channels": 2} if kind is Ocgan else {}
    return kind(**{"image_size": 24, "base_channels": 2, "seed": 0, **own, **arguments})


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.model.parameters()])


@pytest.mark.parametrize("kind", MODELS.values())
def test_defaults_are_scadns_where_the_source_is_silent(kind):
    model = make(kind)
    assert type(model.visualizer) is ImageVisualizer
    for optimizer in model.configure_optimizers():
        assert (optimizer.defaults["lr"], optimizer.defaults["betas"]) == (1e-4, (0.0, 0.9))
    run = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False)
    model.trainer = run
    assert run.max_epochs == 200


@pytest.mark.parametrize("kind", MODELS.values())
def test_all_that_learns_has_one_optimizer(kind):
    model = make(kind)
    learned = [parameter for network, _ in model._learners() for parameter in network.parameters()]
    assert len(learned) == len(set(learned))
    assert set(learned) == set(model.model.parameters())


def test_the_host_knows_them_by_name_and_by_path():
    assert MODELS.keys() <= list_models()
    assert {"baseline", "alocc"}.isdisjoint(list_models())
    for name, kind in MODELS.items():
        assert type(get_model(name, image_size=24, base_channels=1)) is kind
        config = {"class_path": f"anomalib_scadn.baselines.{kind.__name__}", "init_args": {"image_size": 24}}
        assert type(get_model(config, base_channels=1)) is kind


@pytest.mark.parametrize("kind", MODELS.values())
def test_all_arguments_are_typed_and_described_on_the_command_line(kind):
    parser = ArgumentParser()
    parser.add_class_arguments(kind, "model")
    own = {action.dest: action.help for action in parser._actions if action.dest.startswith("model.")}
    arguments = {name: text for name, text in own.items() if not name.endswith(".help")}
    shared = {"image_size", "base_channels", "learning_rate", "beta1", "beta2", "max_epochs", "seed"}
    assert {f"model.{name}" for name in shared | {"pre_processor", "post_processor", "evaluator", "visualizer"}} <= set(
        arguments
    )
    assert not [name for name, text in arguments.items() if "efaults" not in (text or "")]
    own_and_shared = inspect.signature(kind).parameters.keys() | inspect.signature(Baseline).parameters.keys()
    assert {f"model.{name}" for name in own_and_shared - {"kwargs"}} == set(arguments)


@pytest.mark.parametrize("kind", MODELS.values())
def test_a_seed_decides_the_initial_weights(kind):
    first = weights(make(kind, seed=4))
    torch.rand(3)
    assert torch.equal(first, weights(make(kind, seed=4)))
    assert not torch.equal(first, weights(make(kind, seed=5)))


@pytest.mark.parametrize("kind", MODELS.values())
def test_lists_of_a_configuration_library_become_plain_tuples(kind):
    model = make(kind, image_size=OmegaConf.create([24, 32]))
    assert model.hparams["image_size"] == (24, 32)
    assert type(model.hparams["image_size"]) is tuple


@pytest.mark.parametrize("kind", MODELS.values())
def test_images_outside_the_unit_range_or_of_another_size_are_refused(kind):
    model = make(kind)
    with pytest.raises(ValueError, match=r"images in \[0, 1\], got values from -"):
        model.training_step(ImageBatch(image=torch.randn(2, 3, 24, 24) * 3), 0)
    with pytest.raises(ValueError, match=r"\(N, 3, 24, 24\), got \(1, 3, 32, 24\)"):
        model.model(torch.rand(1, 3, 32, 24))


@pytest.mark.parametrize("kind", MODELS.values())
def test_images_are_scored_in_the_precision_of_the_weights(kind):
    model, images = make(kind).model.eval(), torch.rand(2, 3, 24, 24)
    with torch.no_grad():
        expected = model(images).pred_score
        found = model.to(torch.bfloat16)(images).pred_score
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (Dae, {"image_size": 20}, "multiple of 8"),
        (Dae, {"image_size": 16}, "at least 24 x 24"),
        (Dae, {"base_channels": 0}, "base_channels must be a whole number"),
        (Dae, {"learning_rate": -1}, "learning_rate must not be negative"),
        (Dae, {"beta1": 1.0}, "beta1 must lie in"),
        (Dae, {"seed": -1}, "seed must be a whole number"),
        (Dae, {"max_epochs": 0}, "max_epochs must be"),
        (MemAe, {"slots": 0}, "slots must be a whole number"),
        (
            MemAe,
            {"slots": 1},
            r"no addressing weight of slots = 1 is above 1, so a shrink_threshold of 1 leaves nothing",
        ),
        (MemAe, {"slots": 10, "shrink_threshold": 0.46}, r"slots = 10 is above 0\.451"),
        (MemAe, {"lambda_entropy": -1}, "lambda_entropy must not be negative"),
        (MemAe, {"shrink_threshold": float("nan")}, "shrink_threshold must not be"),
        (AloccD, {"noise_std": -1}, "noise_std must not be negative"),
        (AloccDR, {"discriminator_learning_rate": -1}, "discriminator_learning_rate must not"),
        (Ocgan, {"latent_channels": 0}, "latent_channels must be"),
        (Ocgan, {"mining_steps": -1}, "mining_steps must be a whole number, at least 0, got -1"),
        (Ocgan, {"mining_steps": 0.0}, "mining_steps must be a whole number, at least 0, got 0.0"),
        (Ocgan, {"judges_learning_rate": -1}, "judges_learning_rate must not"),
    ],
)
def test_impossible_arguments_are_refused_by_name(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(kind, **arguments)


def test_squared_errors_are_averaged_over_channels():
    images, others = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5)
    found = squared_errors(others, images)
    assert found.shape == (2, 1, 4, 5)
    expected = sum((others[1, c, 2, 3] - images[1, c, 2, 3]) ** 2 for c in range(3)) / 3
    torch.testing.assert_close(found[1, 0, 2, 3], expected)


def test_the_reconstruction_error_is_averaged_over_all_values_in_single_precision():
    images, others = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5).half()
    found = reconstruction_error(others, images)
    assert (found.dtype, found.shape) == (torch.float32, ())
    torch.testing.assert_close(found, (others.float() - images).square().sum() / images.numel())


@pytest.mark.parametrize("kind", MODELS.values())
def test_the_same_seed_trains_to_the_same_weights(kind, tiny_lace, tiny_engine):
    def trained(seed):
        model = make(kind, seed=seed, image_size=32, visualizer=False, evaluator=False)
        before = weights(model)
        tiny_engine(limit_val_batches=0).fit(model, datamodule=tiny_lace())
        after = weights(model)
        assert torch.isfinite(after).all()
        assert not torch.equal(before, after)
        return after

    first = trained(3)
    torch.rand(7)  # whatever was drawn before must not matter
    assert torch.equal(first, trained(3))


@pytest.mark.parametrize("kind", MODELS.values())
def test_single_oblong_images_train_in_mixed_precision(kind, tiny_lace, tiny_engine):
    model = make(kind, image_size=(24, 32), visualizer=False, evaluator=False)
    before = weights(model)
    tiny_engine(precision="bf16-mixed").fit(model, datamodule=tiny_lace(train_batch_size=1, eval_batch_size=1))
    assert torch.isfinite(weights(model)).all()
    assert not torch.equal(before, weights(model))


@pytest.mark.parametrize("kind", [AloccD, Ocgan])
def test_a_resumed_run_ends_as_an_uninterrupted_one(kind, tiny_lace, tiny_engine):
    def make_model():
        return make(kind, image_size=32, visualizer=False, evaluator=False)

    whole, first, second = make_model(), make_model(), make_model()
    tiny_engine(max_epochs=2).fit(whole, datamodule=tiny_lace())
    engine = tiny_engine(max_epochs=1)
    engine.fit(first, datamodule=tiny_lace())
    assert not torch.equal(weights(first), weights(whole))
    tiny_engine(max_epochs=2).fit(second, datamodule=tiny_lace(), ckpt_path=engine.best_model_path)
    assert torch.equal(weights(second), weights(whole))


@pytest.mark.parametrize("kind", [Dae, Ocgan])
def test_a_nan_stops_training_and_keeps_the_weights(kind, tiny_lace, tiny_engine):
    model = make(kind, image_size=32, visualizer=False)
    model.model.autoencoder.register_forward_hook(lambda module, inputs, output: output * float("nan"))
    if kind is Ocgan:
        model.model.autoencoder.decoder.register_forward_hook(lambda module, inputs, output: output * float("nan"))
    before = weights(model)
    with pytest.raises(NonFiniteLossError, match=r"step 0 \(epoch 0, batch 0\): .*reconstruction_loss = nan"):
        tiny_engine().fit(model, datamodule=tiny_lace())
    assert torch.equal(before, weights(model))
    assert all(parameter.requires_grad for parameter in model.model.parameters())


def save(model, path):
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=path.parent)
    trainer.strategy.connect(model)
    trainer.save_checkpoint(path)


@pytest.mark.parametrize("kind", MODELS.values())
def test_checkpoints_reload_with_tensors_only_and_score_the_same(kind, tmp_path):
    model = make(kind).eval()
    save(model, tmp_path / "model.ckpt")
    content = torch.load(tmp_path / "model.ckpt", weights_only=True)
    assert content["hyper_parameters"]["image_size"] == (24, 24)
    loaded = kind.load_from_checkpoint(tmp_path / "model.ckpt").eval()
    assert loaded.hparams == model.hparams
    images = torch.rand(2, 3, 40, 30)
    with torch.no_grad():
        torch.testing.assert_close(loaded(images).pred_score, model(images).pred_score)


def test_a_checkpoint_of_another_image_size_is_refused(tmp_path):
    save(make(Dae, image_size=32), tmp_path / "model.ckpt")
    content = torch.load(tmp_path / "model.ckpt", weights_only=True)
    with pytest.raises(ValueError, match=r"trained with image_size = \(32, 32\), this model has \(24, 24\)"):
        make(Dae).on_load_checkpoint(content)


def test_a_checkpoint_of_another_threshold_of_the_memory_is_refused(tmp_path):
    save(make(MemAe, shrink_threshold=0.2), tmp_path / "model.ckpt")
    content = torch.load(tmp_path / "model.ckpt", weights_only=True)
    with pytest.raises(ValueError, match=r"trained with shrink_threshold = 0\.2, this model has None"):
        make(MemAe).on_load_checkpoint(content)


def test_a_checkpoint_of_alocc_serves_both_scores_but_for_the_thresholds(tmp_path, caplog):
    model = make(AloccD, seed=8)
    model.post_processor.image_min.fill_(0.25)
    model.post_processor._image_threshold.fill_(0.5)
    save(model, tmp_path / "model.ckpt")
    same = AloccD.load_from_checkpoint(tmp_path / "model.ckpt").post_processor
    assert (same.image_min, same._image_threshold) == (0.25, 0.5)
    assert "other score" not in caplog.text
    with caplog.at_level(logging.WARNING):
        loaded = AloccDR.load_from_checkpoint(tmp_path / "model.ckpt")
    assert "thresholds belong to ALOCC's other score" in caplog.text
    assert loaded.model.refine
    assert torch.equal(weights(loaded), weights(model))
    assert math.isnan(loaded.post_processor.image_min)
    assert math.isnan(loaded.post_processor._image_threshold)
