# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Fit, validate, test, predict and export through the host's Engine, as a user does."""

import pickle
import shutil
from pathlib import Path

import pytest
import torch
from anomalib.data import Folder
from anomalib.deploy import TorchInferencer
from anomalib.engine import Engine
from lightning.pytorch import seed_everything

from anomalib_scadn import PaperScore, Scadn, ScadnVisualizer, SyntheticLace
from tolerances import generator_rounding

METRICS = {"image_AUROC", "image_F1Score", "pixel_AUROC", "pixel_F1Score", "PerImagePixelAUROC"}


@pytest.fixture(scope="module")
def fitted(lace_root, tmp_path_factory):
    """A model fitted once for the tests that only use it, with its engine and its data."""
    model = Scadn(image_size=32, base_channels=2, residual_blocks=1, seed=0, learning_rate=1e-3)
    lace = SyntheticLace(root=lace_root, image_size=32, num_train=8, num_test_good=2, num_test_defect=1, num_workers=0)
    folder = tmp_path_factory.mktemp("fitted")
    engine = Engine(
        max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=folder / "results"
    )
    engine.fit(model, datamodule=lace)
    return model, engine, lace


def test_train_reports_the_hosts_metrics_and_the_papers(tiny_scadn, tiny_lace, tiny_engine):
    model = tiny_scadn()
    results = tiny_engine().train(model, datamodule=tiny_lace())
    assert set(results[0]) == METRICS
    assert all(0.0 <= value <= 1.0 for value in results[0].values())


def test_fit_validate_test_predict_one_after_the_other(tiny_scadn, tiny_lace, tiny_engine):
    model, engine, datamodule = tiny_scadn(), tiny_engine(), tiny_lace()
    engine.fit(model, datamodule=datamodule)
    engine.validate(model, datamodule=datamodule)
    tested = engine.test(model, datamodule=datamodule)[0]
    predictions = engine.predict(model, datamodule=datamodule)
    assert set(tested) == METRICS
    assert sum(len(batch.pred_score) for batch in predictions) == len(datamodule.test_data)
    assert predictions[0].pred_label.dtype == torch.bool
    assert predictions[0].anomaly_map.shape[-2:] == (32, 32)


def test_image_level_data_without_masks_is_enough(tiny_scadn, tiny_lace, tiny_engine, tmp_path):
    from anomalib_scadn import LaceAD

    datamodule = tiny_lace()
    datamodule.prepare_data()
    shutil.copytree(datamodule.root, tmp_path / "lace")
    shutil.rmtree(tmp_path / "lace" / datamodule.category / "ground_truth")
    image_level = LaceAD(root=tmp_path / "lace", category=datamodule.category, num_workers=0)
    results = tiny_engine().train(tiny_scadn(), datamodule=image_level)[0]
    assert set(results) == {"image_AUROC", "image_F1Score"}


def test_the_hosts_folder_module_works(tiny_scadn, tiny_lace, tiny_engine):
    lace = tiny_lace()
    lace.prepare_data()
    root = lace.root / lace.category
    folder = Folder(
        name="lace",
        root=root,
        normal_dir="train/good",
        abnormal_dir="test/hole",
        normal_test_dir="test/good",
        mask_dir="ground_truth/hole",
        train_batch_size=4,
        eval_batch_size=4,
        num_workers=0,
    )
    assert set(tiny_engine().train(tiny_scadn(), datamodule=folder)[0]) == METRICS


def test_checkpoint_reloads_with_tensors_only_and_scores_the_same(fitted):
    model, engine, _ = fitted
    loaded = Scadn.load_from_checkpoint(engine.best_model_path)
    images = torch.rand(2, 3, 50, 40)
    with torch.no_grad():
        expected, found = model.eval()(images), loaded.eval()(images)
    torch.testing.assert_close(found.pred_score, expected.pred_score)
    torch.testing.assert_close(found.anomaly_map, expected.anomaly_map)
    assert loaded.model.scorer.is_fitted


class _Intruder:
    """Something that is no tensor and no plain data."""


def test_checkpoint_with_more_than_tensors_and_plain_data_is_refused(
    fitted, tiny_scadn, tiny_lace, tiny_engine, tmp_path
):
    content = torch.load(fitted[1].best_model_path, weights_only=True)
    content["intruder"] = _Intruder()
    torch.save(content, tmp_path / "bad.ckpt")
    with pytest.raises(pickle.UnpicklingError, match="_Intruder"):
        Scadn.load_from_checkpoint(tmp_path / "bad.ckpt")
    with pytest.raises(pickle.UnpicklingError, match="_Intruder"):
        tiny_engine().test(tiny_scadn(), datamodule=tiny_lace(), ckpt_path=tmp_path / "bad.ckpt")


def test_torch_export_loads_in_the_hosts_inferencer(fitted, tmp_path, monkeypatch):
    model, engine, datamodule = fitted
    exported = engine.export(model, "torch", export_root=tmp_path)
    assert model.model.discriminator is not None  # it comes back after the export
    monkeypatch.setenv("TRUST_REMOTE_CODE", "1")
    image = datamodule.test_data[0].image_path
    expected = engine.predict(model, datamodule=datamodule)[0]
    found = TorchInferencer(path=exported, device="cpu").predict(image)
    torch.testing.assert_close(found.pred_score.squeeze(), expected.pred_score[0], atol=generator_rounding(2), rtol=0)
    torch.testing.assert_close(
        found.anomaly_map.squeeze(), expected.anomaly_map[0].squeeze(), atol=generator_rounding(2), rtol=0
    )


def test_same_seed_gives_the_same_weights_and_another_seed_others(tiny_scadn, tiny_lace, tiny_engine):
    def weights(**arguments):
        model = tiny_scadn(**arguments)
        tiny_engine().fit(model, datamodule=tiny_lace())
        return torch.cat([parameter.flatten() for parameter in model.model.parameters()]).detach()

    first = weights(seed=3)
    torch.rand(7)  # whatever was drawn before must not matter
    assert torch.equal(first, weights(seed=3))
    assert not torch.equal(first, weights(seed=4))
    seed_everything(5)
    global_first = weights(seed=None)
    seed_everything(5)
    assert torch.equal(global_first, weights(seed=None))


def test_without_adversarial_loss_there_is_no_discriminator(tiny_scadn, tiny_lace, tiny_engine):
    model, engine = tiny_scadn(lambda_adv=0.0), tiny_engine()
    engine.fit(model, datamodule=tiny_lace())
    assert model.model.discriminator is None
    assert len(engine.trainer.optimizers) == 1
    assert Scadn.load_from_checkpoint(engine.best_model_path).model.discriminator is None


def test_training_lowers_the_reconstruction_loss(tiny_scadn, tiny_lace, tiny_engine):
    model = tiny_scadn(base_channels=4, learning_rate=5e-3)
    losses = []
    step = model.training_step

    def recording(batch, batch_idx):
        result = step(batch, batch_idx)
        losses.append(float(result["reconstruction_loss"]))
        return result

    model.training_step = recording
    tiny_engine(max_epochs=15, limit_val_batches=0).fit(model, datamodule=tiny_lace())
    assert sum(losses[-4:]) < 0.6 * sum(losses[:4])


def test_bf16_mixed_precision_trains(tiny_scadn, tiny_lace, tiny_engine):
    model = tiny_scadn()
    before = model.model.generator.encoder[1].weight.detach().clone()
    results = tiny_engine(precision="bf16-mixed").train(model, datamodule=tiny_lace())
    assert set(results[0]) == METRICS
    assert not torch.equal(before, model.model.generator.encoder[1].weight)


def test_figures_are_capped_and_lie_beside_the_hosts_pictures(tiny_scadn, tiny_lace, tiny_engine):
    engine = tiny_engine()
    engine.train(tiny_scadn(visualizer=ScadnVisualizer(max_figures=3)), datamodule=tiny_lace())
    run = Path(engine.trainer.default_root_dir)
    assert len(list((run / "images").rglob("*.png"))) == 7
    figures = list((run / "figures").rglob("*.png"))
    assert 2 <= len(figures) <= 3
    assert not list(run.rglob("*.tmp"))


def test_configurations_of_the_benchmark_reach_the_checkpoint_as_plain_data(tiny_engine, tiny_lace):
    from anomalib.models import get_model

    config = {
        "class_path": "anomalib_scadn.Scadn",
        "init_args": {"image_size": [32, 32], "stripes": [4, 8], "base_channels": 2, "residual_blocks": 1},
    }
    engine = tiny_engine()
    engine.fit(get_model(config), datamodule=tiny_lace())
    assert Scadn.load_from_checkpoint(engine.best_model_path).model.stripes == (4, 8)


def test_predict_on_a_folder_of_images(fitted, tmp_path):
    model, _, lace = fitted
    folder = lace.root / lace.category / "test" / "hole"
    predictions = Engine(default_root_dir=tmp_path / "results", accelerator="cpu", logger=False).predict(
        model, data_path=folder
    )
    assert len(predictions) == len(list(folder.iterdir()))


@pytest.mark.parametrize(
    "changed",
    [{"mask_fill": 1.0}, {"stripes": (2, 4, 8)}, {"score": PaperScore("mean")}, {"image_size": 40}],
    ids=list,
)
def test_weights_of_another_kind_of_model_are_refused(fitted, tiny_scadn, tiny_lace, tiny_engine, changed):
    name = next(iter(changed))
    with pytest.raises(ValueError, match=rf"trained with {name}.* = .*, this model has .*--model\.{name}"):
        tiny_engine().test(tiny_scadn(**changed), datamodule=tiny_lace(), ckpt_path=fitted[1].best_model_path)


def test_half_precision_trains(tiny_scadn, tiny_lace, tiny_engine):
    results = tiny_engine(precision="bf16-true").train(tiny_scadn(), datamodule=tiny_lace())
    assert set(results[0]) == METRICS


def test_official_discriminator_needs_a_discriminator(tiny_scadn, tmp_path):
    with pytest.raises(ValueError, match=r"no discriminator to load .*dis\.pth into"):
        tiny_scadn(lambda_adv=0.0).load_official_weights(tmp_path / "gen.pth", tmp_path / "dis.pth")
