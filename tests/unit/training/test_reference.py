# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import copy

import pytest
import torch
from lightning.pytorch import LightningDataModule, Trainer
from lightning.pytorch.callbacks import EMAWeightAveraging
from torch.utils.data import ConcatDataset, DataLoader, Subset
from torchvision.transforms.v2 import ColorJitter

from anomalib_scadn import CompositeScore, PaperScore, Scadn
from tolerances import score_rounding


def naive_mu(model: Scadn, datamodule) -> torch.Tensor:
    """Mean error of each scale, image by image, over the training images as they lie on disk."""
    dataset = datamodule.train_data
    dataset.augmentations = model.pre_processor.transform
    means = []
    with torch.no_grad():
        for index in range(len(dataset)):
            output = model.model.score(dataset[index].image.unsqueeze(0))
            means.append(output.scale_maps.mean(dim=(-2, -1)))
    return torch.cat(means).double().mean(dim=0)


@pytest.fixture
def mu_of():
    return lambda state: state["model.scorer.mu"].double()


def test_every_checkpoint_holds_the_values_of_its_weights(tiny_scadn, tiny_lace, tiny_engine, mu_of):
    engine, datamodule = tiny_engine(max_epochs=2), tiny_lace()
    engine.fit(tiny_scadn(), datamodule=datamodule)
    saved = Scadn.load_from_checkpoint(engine.best_model_path)
    torch.testing.assert_close(mu_of(saved.state_dict()), naive_mu(saved, datamodule), atol=score_rounding(2), rtol=0)


def test_a_checkpoint_without_any_validation_holds_them_too(tiny_scadn, tiny_lace, tiny_engine, mu_of):
    engine, datamodule = tiny_engine(max_epochs=2, limit_val_batches=0), tiny_lace()
    engine.fit(tiny_scadn(), datamodule=datamodule)
    saved = Scadn.load_from_checkpoint(engine.best_model_path)
    torch.testing.assert_close(mu_of(saved.state_dict()), naive_mu(saved, datamodule), atol=score_rounding(2), rtol=0)


def test_the_end_of_training_refreshes_what_the_last_validation_left(tiny_scadn, tiny_lace, tiny_engine, mu_of):
    model, datamodule = tiny_scadn(), tiny_lace()
    tiny_engine(max_epochs=3, check_val_every_n_epoch=2).fit(model, datamodule=datamodule)
    torch.testing.assert_close(mu_of(model.state_dict()), naive_mu(model, datamodule), atol=score_rounding(2), rtol=0)


def test_values_are_there_before_the_first_validation_batch(tiny_scadn, tiny_lace, tiny_engine):
    model = tiny_scadn()
    fitted, step = [], model.validation_step

    def watching(batch, batch_idx):
        fitted.append(model.model.scorer.is_fitted)
        return step(batch, batch_idx)

    model.validation_step = watching
    tiny_engine().validate(model, datamodule=tiny_lace())
    assert fitted
    assert all(fitted)


def test_training_images_are_not_augmented_for_it(tiny_scadn, tiny_lace, tiny_engine, mu_of):
    plain, augmented = tiny_scadn(), tiny_scadn()
    tiny_engine().validate(plain, datamodule=tiny_lace())
    tiny_engine().validate(augmented, datamodule=tiny_lace(train_augmentations=ColorJitter(brightness=0.9)))
    assert torch.equal(mu_of(plain.state_dict()), mu_of(augmented.state_dict()))


def test_a_sample_of_the_training_images_is_enough_if_asked_for(tiny_scadn, tiny_lace, tiny_engine, mu_of):
    whole, sample, again = tiny_scadn(), tiny_scadn(reference_images=3), tiny_scadn(reference_images=3)
    for model in (whole, sample, again):
        tiny_engine().validate(model, datamodule=tiny_lace())
    assert not torch.equal(mu_of(whole.state_dict()), mu_of(sample.state_dict()))
    assert torch.equal(mu_of(sample.state_dict()), mu_of(again.state_dict()))


def test_the_pass_does_not_disturb_what_training_draws(tiny_scadn, tiny_lace, tiny_engine):
    often, once = tiny_scadn(), tiny_scadn()
    tiny_engine(max_epochs=2, val_check_interval=0.5).fit(often, datamodule=tiny_lace())
    tiny_engine(max_epochs=2, check_val_every_n_epoch=2).fit(once, datamodule=tiny_lace())
    pairs = zip(often.model.parameters(), once.model.parameters(), strict=True)
    assert all(torch.equal(first, second) for first, second in pairs)


def test_loaders_without_a_data_module_work(tiny_scadn, tiny_lace, tiny_engine):
    datamodule = tiny_lace()
    datamodule.prepare_data()
    datamodule.setup()
    model = tiny_scadn()
    tiny_engine().fit(
        model, train_dataloaders=datamodule.train_dataloader(), val_dataloaders=datamodule.val_dataloader()
    )
    assert model.model.scorer.is_fitted


def test_testing_on_a_loader_leaves_the_values_as_they_are(tiny_scadn, tiny_lace, tiny_engine, mu_of):
    datamodule, model = tiny_lace(), tiny_scadn()
    datamodule.setup()
    model.model.scorer.mu.fill_(0.25)
    tiny_engine().validate(model, dataloaders=datamodule.test_dataloader())
    assert torch.equal(mu_of(model.state_dict()), torch.full((3,), 0.25).double())


class PlainModule(LightningDataModule):
    """A data module that is not the host's."""

    def __init__(self, dataset, collate_fn) -> None:
        super().__init__()
        self.dataset, self.collate_fn = dataset, collate_fn

    def loader(self) -> DataLoader:
        return DataLoader(self.dataset, batch_size=2, collate_fn=self.collate_fn)

    train_dataloader = val_dataloader = loader


WRAPPERS = {
    "plain": lambda data: data,
    "subset": lambda data: Subset(data, range(8)),
    "union": lambda data: ConcatDataset([data]),
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_any_data_module_and_wrapped_data_sets_give_the_same_values(tiny_scadn, tiny_lace, wrap, tmp_path, mu_of):
    lace = tiny_lace(train_augmentations=ColorJitter(brightness=0.9))
    lace.prepare_data()
    lace.setup()
    model = tiny_scadn()
    plain = PlainModule(wrap(lace.train_data), lace.train_data.collate_fn)
    Trainer(max_epochs=1, accelerator="cpu", logger=False, default_root_dir=tmp_path).fit(model, datamodule=plain)
    assert lace.train_data.augmentations is not None  # the pass worked on a copy
    torch.testing.assert_close(mu_of(model.state_dict()), naive_mu(model, lace), atol=score_rounding(2), rtol=0)


def test_a_checkpoint_that_is_saved_after_a_test_keeps_the_values(tiny_scadn, tiny_lace, tiny_engine, mu_of, tmp_path):
    model, engine = tiny_scadn(), tiny_engine()
    model.model.scorer.mu.fill_(0.25)
    engine.test(model, datamodule=tiny_lace())
    engine.trainer.save_checkpoint(tmp_path / "model.ckpt")
    saved = mu_of(torch.load(tmp_path / "model.ckpt", weights_only=True)["state_dict"])
    assert torch.equal(saved, torch.full_like(saved, 0.25))


def test_a_second_fit_of_the_same_model_does_not_keep_the_first_ones_values(tiny_scadn, tiny_lace, tiny_engine, mu_of):
    model, datamodule = tiny_scadn(), tiny_lace()
    tiny_engine(limit_val_batches=0).fit(model, datamodule=datamodule)
    engine = tiny_engine(limit_val_batches=0)
    engine.fit(model, datamodule=datamodule)
    saved = Scadn.load_from_checkpoint(engine.best_model_path)
    torch.testing.assert_close(mu_of(saved.state_dict()), naive_mu(saved, datamodule), atol=score_rounding(2), rtol=0)


@pytest.mark.parametrize("subtract_reference", [True, False])
def test_scores_without_values_are_announced_if_the_score_needs_them(
    tiny_scadn, tiny_lace, tiny_engine, caplog, subtract_reference
):
    tiny_engine().test(tiny_scadn(score=PaperScore(subtract_reference=subtract_reference)), datamodule=tiny_lace())
    assert ("no reference values" in caplog.text) is subtract_reference


def test_a_score_that_compares_with_nothing_causes_no_pass(tiny_scadn, tiny_lace, tiny_engine, monkeypatch):
    model = tiny_scadn(score=CompositeScore(("mse",), standardize="none", smoothing=(1.0,)))
    monkeypatch.setattr(model.model, "statistics", lambda images: pytest.fail("a pass over the training images"))
    tiny_engine(limit_val_batches=0).fit(model, datamodule=tiny_lace())
    assert model.model.scorer.is_fitted


@pytest.mark.parametrize("score", [PaperScore(), CompositeScore(smoothing=1.0)], ids=["paper", "composite"])
def test_averaged_weights_have_values_of_their_own(tiny_scadn, tiny_lace, tiny_engine, score):
    engine = tiny_engine(max_epochs=2, callbacks=[EMAWeightAveraging(decay=0.9)])
    model, datamodule = tiny_scadn(score=score), tiny_lace()
    engine.fit(model, datamodule=datamodule)
    for found in (model, Scadn.load_from_checkpoint(engine.best_model_path)):
        assert found.model.scorer.is_fitted
        again = copy.deepcopy(found)
        tiny_engine().validate(again, datamodule=datamodule)
        for name, value in again.model.scorer.state_dict().items():
            torch.testing.assert_close(found.model.scorer.state_dict()[name], value, atol=1e-7, rtol=1e-4)
