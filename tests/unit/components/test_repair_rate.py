# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The repair rate: shares of synthetic anomalies that are gone, and what a validation logs."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from anomalib.data import ImageBatch

from anomalib_scadn.components import repair_rate
from anomalib_scadn.components.repair_rate import MOST_IMAGES, RepairRate, repaired_share

SIZE = (1, 3, 8, 8)
RATES = {f"repair_rate{kind}" for kind in ("", "_patch", "_light", "_colour", "_blur")}
NAMES = RATES | {"synthetic_image_AUROC", "synthetic_PerImagePixelAUROC"}


@pytest.mark.parametrize(("repaired", "share"), [(0.2, 1.0), (0.4, 0.75), (0.6, 0.0), (0.9, 0.0)])
def test_the_share_is_that_of_the_squared_difference_where_the_anomaly_lies(repaired, share):
    normal, masks = torch.full(SIZE, 0.2), torch.ones(1, 1, 8, 8)
    masks[..., 2:5, 2:5] = 0
    anomalous = torch.where(masks == 0, 0.6, normal)
    elsewhere = torch.where(masks == 0, repaired, torch.ones(()))  # what is painted there does not count
    found = repaired_share(normal, anomalous, elsewhere, masks)
    torch.testing.assert_close(found, torch.tensor([share]))


def test_an_anomaly_that_changes_nothing_has_no_share():
    image = torch.rand(SIZE)
    for repaired in (image, image + 0.01):
        assert torch.isnan(repaired_share(image, image, repaired, torch.zeros(1, 1, 8, 8)))


class Painter:
    """A model that gives each image back, or the normal one; the score is the mean error."""

    masks = torch.ones(1, 1, 32, 32)

    def __init__(self, normal: torch.Tensor | None = None) -> None:
        self.normal = normal

    def reconstruct(self, images: torch.Tensor) -> torch.Tensor:
        return (images if self.normal is None else self.normal).unsqueeze(1)

    def scorer(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> SimpleNamespace:
        del masks
        errors = (reconstructions[:, 0] - images).square().mean(dim=1, keepdim=True)
        return SimpleNamespace(pred_score=errors.mean(dim=(1, 2, 3)), anomaly_map=errors)


def validate(model: Painter, images: torch.Tensor, labels: list[bool] | None) -> dict[str, float]:
    """Let the callback see one validation of one batch, and give what it logs."""
    logged: dict[str, float] = {}
    strategy = SimpleNamespace(reduce_boolean_decision=lambda decision: decision)
    precision = SimpleNamespace(forward_context=nullcontext)
    trainer = SimpleNamespace(world_size=1, global_rank=0, strategy=strategy, precision_plugin=precision)
    module = SimpleNamespace(model=model, device="cpu", log_dict=lambda found, sync_dist: logged.update(found))
    outputs = ImageBatch(
        image=images,
        gt_label=None if labels is None else torch.tensor(labels),
        pred_score=torch.zeros(len(images)),
        anomaly_map=torch.zeros(len(images), 32, 32),
    )
    callback = RepairRate()
    callback.on_validation_epoch_start(trainer, module)
    callback.on_validation_batch_end(trainer, module, outputs, outputs, 0)
    callback.on_validation_epoch_end(trainer, module)
    return logged


def test_a_model_that_copies_repairs_nothing_and_finds_nothing():
    found = validate(Painter(), torch.rand(8, 3, 32, 32), None)
    assert set(found) == NAMES
    assert all(found[name] == pytest.approx(0, abs=1e-6) for name in RATES)
    assert found["synthetic_image_AUROC"] == 0.5


def test_a_model_that_repairs_all_finds_all():
    image = torch.rand(1, 3, 32, 32)
    found = validate(Painter(image), image.expand(8, -1, -1, -1), None)
    assert all(found[name] == pytest.approx(1, abs=1e-6) for name in RATES)
    assert found["synthetic_image_AUROC"] == 1
    assert found["synthetic_PerImagePixelAUROC"] > 0.95


def test_anomalies_are_drawn_into_normal_images_alone():
    image = torch.rand(1, 3, 32, 32)
    images = torch.cat([image, torch.rand(4, 3, 32, 32)])
    found = validate(Painter(image), images, [False, True, True, True, True])
    assert found["repair_rate"] == pytest.approx(1, abs=1e-6)
    assert set(found) == {"repair_rate", "repair_rate_patch", *(NAMES - RATES)}  # the one image got a patch


def test_anomalies_that_are_drawn_beyond_the_border_do_not_count(monkeypatch):
    monkeypatch.setattr(repair_rate, "draw_anomalies", lambda images, *_, **__: (images, torch.ones(1, 1, 32, 32)))
    assert validate(Painter(), torch.rand(2, 3, 32, 32), None) == {}


def test_nothing_is_logged_where_no_image_is_normal():
    assert validate(Painter(), torch.rand(2, 3, 32, 32), [True, True]) == {}


def test_the_number_of_images_is_limited(monkeypatch):
    seen = []
    monkeypatch.setattr(RepairRate, "_measure", lambda self, model, outputs, index, number: seen.append(number))
    monkeypatch.setattr(RepairRate, "on_validation_epoch_end", lambda *_: None)
    validate(Painter(), torch.zeros(MOST_IMAGES + 5, 3, 32, 32), None)
    assert seen == list(range(MOST_IMAGES))


def test_every_validation_logs_the_same_anomalies(tiny_scadn, tiny_lace, tiny_engine):
    model, engine = tiny_scadn(passes="once", repair=1.0), tiny_engine()
    first = engine.validate(model, datamodule=tiny_lace())[0]
    second = tiny_engine().validate(model, datamodule=tiny_lace(eval_batch_size=1))[0]
    assert NAMES - {"repair_rate_colour", "repair_rate_blur"} <= set(first)  # two images are normal
    for name in NAMES & set(first):
        assert first[name] == pytest.approx(second[name], rel=1e-3)


def test_normal_and_anomalous_images_are_scored_in_one_precision(tiny_scadn, tiny_lace, tiny_engine, monkeypatch):
    model, seen = tiny_scadn(passes="once"), []
    reconstruct = model.model.reconstruct

    def watched(images: torch.Tensor) -> torch.Tensor:
        seen.append(torch.is_autocast_enabled("cpu"))
        return reconstruct(images)

    monkeypatch.setattr(model.model, "reconstruct", watched)
    tiny_engine(precision="bf16-mixed").validate(model, datamodule=tiny_lace())
    assert len(seen) > 3
    assert all(seen)
