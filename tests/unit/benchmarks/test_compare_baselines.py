# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The methods of the paper in a comparison, and classes of MNIST as its data."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image

from anomalib_scadn import OneClass
from comparison import build, run
from data import fingerprint, list_test_images, make_datamodule, parse_data, read_test_image, read_test_mask
from layout import ACCURACY
from measure import measure_size
from models import BASELINES
from pictures import draw_sheet
from report import write_report
from report.runs import load_runs
from report.tables import DASH, build_table

PIXEL = {"pixel_AUROC", "pixel_AUPRO", "PerImagePixelAUROC"}


@pytest.mark.parametrize("name", BASELINES)
def test_each_method_is_trained_as_scadn_is(make_job, tmp_path, name):
    _, scadn, data = build(make_job(tmp_path), tmp_path)
    engine, model, same = build(make_job(tmp_path, name), tmp_path)
    assert type(model) is BASELINES[name]
    assert model.model.image_size == scadn.model.image_size == (32, 32)
    assert {optimizer.defaults["lr"] for optimizer in model.configure_optimizers()} == {0.001}
    assert (model.hparams["base_channels"], model.seed) == (2, 0)
    assert (same.train_batch_size, same.eval_batch_size) == (data.train_batch_size, data.eval_batch_size) == (3, 2)
    assert engine._cache.args["max_epochs"] == 2


def test_what_scadn_alone_is_configured_with_does_not_decide_a_methods_result(make_job, tmp_path, scadn_config):
    content = yaml.safe_load(scadn_config.read_text())
    path = tmp_path / scadn_config.name
    job, changed = (make_job(tmp_path, "dae", scadn_config=file) for file in (scadn_config, path))
    content["model"]["init_args"]["stripes"] = [2]
    path.write_text(yaml.safe_dump(content))
    assert changed.configuration() == job.configuration()
    content["model"]["init_args"]["base_channels"] = 3
    path.write_text(yaml.safe_dump(content))
    assert changed.configuration() != job.configuration()


@pytest.mark.parametrize("name", ["dae", "alocc_d"])
def test_a_method_without_maps_has_no_pixel_metrics_and_is_drawn_all_the_same(make_job, tmp_path, name):
    job = make_job(tmp_path, name)
    result = run(job)
    assert job.finished() == result
    missing = {metric for metric, value in result["metrics"].items() if value is None}
    assert missing == (PIXEL if name == "alocc_d" else set())
    with np.load(job.results / "examples.npz") as arrays:
        assert ("maps" in arrays) == (name == "dae")
    assert Image.open(job.results / "extremes.png").width > 100
    write_report(tmp_path, tmp_path / "report.html")
    assert f">{name}<" in (tmp_path / "report.html").read_text()
    ((row,),) = build_table(load_runs(tmp_path), ACCURACY, {}).values()
    dashes = {measure.key for measure, cell in zip(ACCURACY, row.cells, strict=True) if cell.text == DASH}
    assert dashes == missing
    draw_sheet({name: job.results / "examples.npz"}, tmp_path / "sheet.png", "tiny")
    assert Image.open(tmp_path / "sheet.png").width > 100


def test_networks_that_only_train_are_not_counted(make_job, tmp_path):
    model = build(make_job(tmp_path, "ocgan"), tmp_path)[1].eval()
    found = measure_size(model, torch.rand(3, 40, 40))
    assert found["parameters"] == sum(value.numel() for value in model.model.autoencoder.parameters())
    assert found["stored_values"] == 0


def test_a_class_of_mnist_is_named_and_never_taken_for_a_folder(mnist_root, tree):
    assert parse_data(f"mnist:3={mnist_root}") == ("mnist_3", mnist_root)
    with pytest.raises(ValueError, match=r"mnist_3 is the name of a class of MNIST; got a folder"):
        parse_data(f"mnist_3={tree}")
    with pytest.raises(FileNotFoundError):
        parse_data(f"mnist:3={tree}")


@pytest.mark.parametrize("text", ["mnist:=x", "mnist:x=y", "mnist:10=y", "mnist:3", "mnist:3="])
def test_no_class_of_mnist_is_refused(text):
    with pytest.raises(ValueError, match=r"expected mnist:CLASS=ROOT with a class from 0 to 9"):
        parse_data(text)


def test_images_of_mnist_are_listed_and_read(mnist_root):
    datamodule = make_datamodule("mnist_3", str(mnist_root), 32, test_images=14)
    assert isinstance(datamodule, OneClass)
    datamodule.setup()
    samples = list_test_images(datamodule)
    named = {sample.name: sample for sample in samples}
    assert set(named) == {f"test/{place % 10}/{place}" for place in range(14)}
    assert {name for name, sample in named.items() if sample.label == 0} == {"test/3/3", "test/3/13"}
    assert (named["test/3/13"].kind, named["test/2/12"].kind) == ("good", "2")
    image = read_test_image(named["test/2/12"])
    assert image.shape == (3, 28, 28)
    assert (image * 255 - (20 * 2 + 10 + 1)).abs().max() < 1e-3
    assert not read_test_mask(named["test/2/12"], 32).any()
    before = fingerprint("mnist_3", str(mnist_root), 32)
    file = next((mnist_root / "MNIST" / "raw").iterdir())
    file.write_bytes(file.read_bytes() + b" ")
    assert fingerprint("mnist_3", str(mnist_root), 32) != before


def test_a_run_on_mnist_has_image_metrics_alone(make_job, tmp_path, mnist_root):
    job = make_job(tmp_path, "dae", data="mnist_3", root=mnist_root, train_images=3, test_images=12)
    result = run(job)
    assert job.finished() == json.loads(json.dumps(result))
    assert {metric for metric, value in result["metrics"].items() if value is None} == PIXEL
    assert result["images"] == {"train": 3, "test_good": 1, "test_defect": 11}
    assert (result["configuration"]["train_images"], result["configuration"]["test_images"]) == (3, 12)
    assert len(pd.read_csv(job.results / "scores.csv")) == 12
