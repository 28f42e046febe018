# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import copy
import pickle

import pytest
import torch
import yaml
from anomalib.data import ImageBatch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import BatchSizeFinder, LearningRateFinder, Timer
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from torchvision.transforms.v2 import Normalize

from anomalib_scadn import Scadn
from anomalib_scadn.baselines import AloccDR
from anomalib_scadn.cli.configs import config_folder, config_path
from anomalib_scadn.loss import NonFiniteLossError, generator_loss
from anomalib_scadn.masks import draw_masks, striped_masks
from anomalib_scadn.training.inputs import check_range
from anomalib_scadn.training.run import frozen


def trainer(**arguments) -> Trainer:
    return Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False, **arguments)


def epochs_of(model: Scadn, **arguments) -> int:
    run = trainer(**arguments)
    model.trainer = run
    return run.max_epochs


def test_an_unlimited_trainer_gets_the_papers_epochs():
    assert epochs_of(Scadn(image_size=32, base_channels=2)) == 200


@pytest.mark.parametrize("epochs", [1, 200, 1000, -1])
def test_every_number_of_epochs_that_a_user_chooses_is_obeyed(epochs):
    assert epochs_of(Scadn(image_size=32, base_channels=2), max_epochs=epochs) == epochs


def test_other_limits_are_not_cut_short_by_the_papers_epochs():
    assert epochs_of(Scadn(image_size=32, base_channels=2), max_steps=7) is None
    assert epochs_of(Scadn(image_size=32, base_channels=2), callbacks=[Timer(duration="00:00:01:00")]) is None


def test_the_models_own_epochs_stop_a_plain_run(tiny_scadn, tiny_lace, tiny_engine):
    model, engine = tiny_scadn(max_epochs=2), tiny_engine(max_epochs=None)
    engine.fit(model, datamodule=tiny_lace())
    assert engine.trainer.current_epoch == 2


@pytest.mark.parametrize(
    ("data", "arguments", "warning"),
    [
        ({}, {}, None),
        ({}, {"check_val_every_n_epoch": 2}, "No checkpoint was written: training ended before its first validation"),
        ({}, {"limit_val_batches": 0}, "The model was never validated, so there are raw scores"),
        ({"val_split_mode": "none"}, {}, "The model was never validated, so there are raw scores"),
    ],
)
def test_a_training_without_a_validation_says_so_once(
    tiny_scadn, tiny_lace, tiny_engine, caplog, data, arguments, warning
):
    tiny_engine(**arguments).fit(tiny_scadn(), datamodule=tiny_lace(**data))
    said = [text for text in caplog.messages if "No checkpoint was written" in text or "never validated" in text]
    assert [text[: len(warning)] for text in said] == [warning] if warning else said == []


@pytest.mark.parametrize(("steps", "said"), [(2, True), (3, False)])
def test_a_training_that_will_write_no_checkpoint_says_so_before(
    tiny_scadn, tiny_lace, tiny_engine, caplog, steps, said
):
    limits = {"max_epochs": -1, "max_steps": steps, "val_check_interval": 3, "check_val_every_n_epoch": None}
    tiny_engine(**limits).fit(tiny_scadn(), datamodule=tiny_lace())
    warning = "max_steps 2 ends training before val_check_interval 3: no checkpoint"
    assert (caplog.messages.count(warning) == 1) is said


def test_validation_may_be_timed(tiny_scadn, tiny_lace, tiny_engine):
    limits = {"max_epochs": -1, "max_steps": 1, "val_check_interval": "00:01:00:00", "check_val_every_n_epoch": None}
    engine = tiny_engine(**limits)
    engine.fit(tiny_scadn(), datamodule=tiny_lace())
    assert engine.trainer.global_step == 1


def test_images_outside_the_unit_range_are_refused():
    model = Scadn(image_size=32, base_channels=2)
    batch = ImageBatch(image=torch.randn(2, 3, 32, 32) * 3)
    with pytest.raises(ValueError, match=r"images in \[0, 1\], got values from -"):
        model.training_step(batch, 0)


def poison(model: Scadn, network: str) -> list[dict[str, torch.Tensor]]:
    """Make one network's output NaN in the second epoch's second batch; keep the weights of just before."""
    weights, original = [], model.training_step

    def poisoned(batch, batch_idx):
        if model.current_epoch == 1 and batch_idx == 1:
            weights.append({key: value.clone() for key, value in model.model.named_parameters()})
            module = getattr(model.model, network)
            module.register_forward_hook(lambda module, inputs, output: output * float("nan"))
        return original(batch, batch_idx)

    model.training_step = poisoned
    return weights


@pytest.mark.parametrize(
    ("network", "terms"),
    [
        ("generator", "reconstruction_loss = nan, adversarial_loss = nan, discriminator_loss = nan"),
        ("discriminator", "adversarial_loss = nan, discriminator_loss = nan"),
    ],
)
def test_a_nan_stops_training_names_terms_and_step_and_keeps_weights_and_checkpoint(
    tiny_scadn, tiny_lace, tiny_engine, network, terms
):
    model, engine = tiny_scadn(), tiny_engine(max_epochs=3)
    weights = poison(model, network)
    with pytest.raises(NonFiniteLossError, match=rf"step 3 \(epoch 1, batch 1\): {terms}\. The weights"):
        engine.fit(model, datamodule=tiny_lace())
    parameters = dict(model.model.named_parameters())
    assert all(torch.equal(value, parameters[key]) for key, value in weights[0].items())
    assert all(parameter.requires_grad for parameter in parameters.values())
    saved = torch.load(engine.trainer.checkpoint_callback.best_model_path, weights_only=True)
    assert saved["epoch"] == 0
    assert all(torch.isfinite(value).all() for key, value in saved["state_dict"].items() if key.startswith("model."))


def test_pure_white_images_pass_though_resizing_ends_above_one(tiny_scadn):
    white = tiny_scadn().pre_processor.transform(torch.ones(2, 3, 103, 116))
    assert white.max() > 1
    check_range(white)


@pytest.mark.parametrize("stage", ["val", "test", "predict"])
def test_normalization_among_the_augmentations_is_refused_at_every_stage(tiny_scadn, tiny_lace, tiny_engine, stage):
    engine = tiny_engine()
    datamodule = tiny_lace(**{f"{'val' if stage == 'val' else 'test'}_augmentations": Normalize([0.5] * 3, [0.25] * 3)})
    run = {"val": engine.validate, "test": engine.test, "predict": engine.predict}[stage]
    with pytest.raises(ValueError, match=r"images in \[0, 1\], got values from -.*leave normalization out"):
        run(tiny_scadn(), datamodule=datamodule)


def test_a_trainer_that_trains_on_does_not_repeat_its_first_epoch(tiny_scadn, tiny_lace, tiny_engine):
    model, engine, datamodule = tiny_scadn(), tiny_engine(max_epochs=1), tiny_lace()
    engine.fit(model, datamodule=datamodule)
    engine.trainer.fit_loop.max_epochs = 2
    engine.trainer.fit(model, datamodule=datamodule)
    assert model._seeded_epoch == 1


@pytest.mark.parametrize(("kind", "arguments"), [(Scadn, {}), (Scadn, {"seed": None, "ema_decay": 0.5}), (AloccDR, {})])
def test_lightnings_search_for_a_batch_size_ends_and_training_begins(kind, arguments, tiny_lace, tiny_engine):
    model = kind(**{"image_size": 32, "base_channels": 2, "seed": 0, **arguments})
    datamodule = tiny_lace(train_batch_size=2)
    finder = BatchSizeFinder(max_trials=2, steps_per_trial=1, batch_arg_name="train_batch_size")
    engine = tiny_engine(callbacks=[finder])
    engine.fit(model, datamodule=datamodule)
    assert datamodule.train_batch_size == finder.optimal_batch_size == 4
    assert engine.trainer.global_step == 2  # eight images


@pytest.mark.parametrize("lambda_adv", [0.0, 0.001])
def test_a_search_for_a_learning_rate_is_refused(tiny_scadn, tiny_lace, tiny_engine, lambda_adv):
    engine = tiny_engine(callbacks=[LearningRateFinder(num_training_steps=2)])
    with pytest.raises(MisconfigurationException, match="LearningRateFinder needs automatic optimization, Scadn steps"):
        engine.fit(tiny_scadn(lambda_adv=lambda_adv), datamodule=tiny_lace())


def test_a_step_outside_of_a_run_is_lightnings_to_refuse(tiny_scadn):
    with pytest.raises(RuntimeError, match="not attached to a `Trainer`"):
        tiny_scadn().training_step(ImageBatch(image=torch.rand(2, 3, 32, 32)), 0)


def test_a_trained_model_can_be_pickled_and_learns_on(tiny_scadn, tiny_lace, tiny_engine):
    model = tiny_scadn()
    tiny_engine(limit_val_batches=0).fit(model, datamodule=tiny_lace())
    random = torch.get_rng_state()
    again = pickle.loads(pickle.dumps(model))  # noqa: S301
    assert torch.equal(torch.get_rng_state(), random)  # nothing was drawn
    torch.testing.assert_close(again.state_dict(), model.state_dict(), rtol=0, atol=0, equal_nan=True)
    images = torch.rand(2, 3, 32, 32)
    for copied in (again, pickle.loads(pickle.dumps(copy.deepcopy(again)))):  # noqa: S301
        assert torch.equal(copied.eval().model.judge(images), model.eval().model.judge(images))
    tiny_engine().fit(again.train(), datamodule=tiny_lace())
    before, after = (dict(one.model.discriminator.named_parameters()) for one in (model, again))
    assert all(not torch.equal(before[name], value) for name, value in after.items())


@pytest.mark.parametrize("path", sorted(set(config_folder().glob("*.yaml")) - {config_path("benchmark")}))
def test_shipped_configurations_write_checkpoints_before_their_end_and_at_it(path):
    trainer = yaml.safe_load(path.read_text())["trainer"]
    # In steps, however many images there are; or in epochs, where the paper or a drawn data set says how many.
    if "max_steps" in trainer:
        assert trainer["check_val_every_n_epoch"] is None
        every, whole = trainer["val_check_interval"], trainer["max_steps"]
    else:
        every, whole = trainer["check_val_every_n_epoch"], trainer["max_epochs"]
    assert whole % every == 0
    assert every < whole


def test_each_image_gets_a_mask_of_its_own_and_all_masks_are_used():
    masks = striped_masks((32, 32))
    drawn = draw_masks(masks, 600, torch.Generator().manual_seed(0))
    counts = [(drawn == mask).flatten(1).all(dim=1).sum().item() for mask in masks]
    assert sum(counts) == 600
    assert min(counts) > 20


def test_the_discriminator_learns_in_its_own_step_only(tiny_scadn, tiny_lace, tiny_engine):
    model = tiny_scadn(discriminator_learning_rate=0.0)
    before = [parameter.detach().clone() for parameter in model.model.discriminator.parameters()]
    tiny_engine().fit(model, datamodule=tiny_lace())
    after = list(model.model.discriminator.parameters())
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))
    assert all(parameter.requires_grad for parameter in after)


def test_what_the_user_froze_stays_frozen():
    network = torch.nn.Linear(2, 1)
    network.bias.requires_grad_(requires_grad=False)
    with frozen(network):
        assert not network.weight.requires_grad
    assert network.weight.requires_grad
    assert not network.bias.requires_grad


def test_optimizers_have_the_papers_settings():
    generator, discriminator = Scadn(image_size=32, base_channels=2).configure_optimizers()
    assert (generator.defaults["lr"], generator.defaults["betas"]) == (1e-4, (0.0, 0.9))
    assert (discriminator.defaults["lr"], discriminator.defaults["betas"]) == (1e-5, (0.0, 0.9))


def test_crops_are_what_is_painted_and_judged(tiny_scadn, tiny_lace, tiny_engine):
    model = tiny_scadn(crop_size=24)
    seen = []
    model.model.generator.register_forward_pre_hook(lambda _, inputs: seen.append(tuple(inputs[0].shape[-2:])))
    tiny_engine(limit_val_batches=0).fit(model, datamodule=tiny_lace())
    assert seen.count((24, 24)) == 2  # two batches of four
    assert set(seen) == {(24, 24), (32, 32)}  # reference values come from whole images


def test_the_structural_loss_is_weighed_and_logged(tiny_scadn):
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    fakes = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    masks = tiny_scadn().model.masks[:2]
    plain, structural = (tiny_scadn(lambda_ssim=weight, lambda_adv=0) for weight in (0.0, 0.5))
    terms = structural._loss_terms(images, fakes, masks)
    assert "structural_loss" not in plain._loss_terms(images, fakes, masks)
    expected = terms["reconstruction_loss"] + 0.5 * terms["structural_loss"]
    assert torch.allclose(
        generator_loss(terms, structural.lambda_rec, structural.lambda_adv, structural.lambda_ssim), expected
    )


@pytest.mark.parametrize("crop_size", [20, 64, (24, 64)])
def test_impossible_crops_are_refused(crop_size):
    with pytest.raises(ValueError, match="crop_size"):
        Scadn(image_size=32, base_channels=2, crop_size=crop_size)
