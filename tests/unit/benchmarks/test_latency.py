# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Every form of a model is timed by turns, beside inference as the paper tells it."""

import json
import multiprocessing.dummy
import sys
import threading
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch

import latency
import tables
import worker
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.deploy.openvino_graph import OpenVinoGraph
from anomalib_scadn.networks import Generator
from forms import BARE, COMPILED, Form, count, export_all, make_model, save_checkpoint
from plain import PLAIN, PlainInference
from store import MadeOtherwiseError

SIZE, CHANNELS = 32, 2
ARGUMENTS = SimpleNamespace(
    image_size=SIZE,
    base_channels=[CHANNELS],
    passes=["striped"],
    residual=["full"],
    forms=["torch eager"],
    beside=[],
    coreset_ratio=0.01,
    backbone_weights=None,
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    model = make_model(SIZE, CHANNELS, seed=0)
    checkpoint = save_checkpoint(model, folder)
    passes = len(model.model.masks) * count(model.model.generator, SIZE)
    own = ("f32", checkpoint.name, CHANNELS, "striped", "full", passes)
    forms = [Form(PLAIN, *own), Form("torch eager", *own)]
    (folder / "forms.json").write_text(json.dumps({**latency.model_settings(ARGUMENTS), "made": forms}))
    return folder


def test_the_plain_way_scores_as_the_inferencer_does(models):
    image = np.random.default_rng(0).integers(0, 256, (SIZE + 8, SIZE, 3), dtype=np.uint8)
    expected = StripedMaskInferencer(models / "model.ckpt").predict(image).pred_score
    found = PlainInference(models / "model.ckpt").predict(image)
    assert found.pred_score.item() == pytest.approx(expected, rel=1e-5)


def test_multiply_adds_are_those_of_convolutions():
    assert count(torch.nn.Conv2d(3, 4, 3, padding=1, bias=False), 8) == 3 * 4 * 9 * 8 * 8


def test_the_command_times_by_turns_and_its_table_is_laid_out(models, tmp_path, monkeypatch):
    threads = SimpleNamespace(Pipe=multiprocessing.dummy.Pipe, Process=threading.Thread)
    monkeypatch.setattr(worker, "multiprocessing", SimpleNamespace(get_context=lambda _: threads))
    monkeypatch.setattr(worker, "PAUSE", 0)
    monkeypatch.setattr(worker, "LEAST", 0)
    monkeypatch.setattr(latency, "PRODUCT", 64)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    turns, turn = [], worker.Worker.turn
    monkeypatch.setattr(worker.Worker, "turn", lambda one: (turns.append(one), turn(one)))
    given = {"image-size": SIZE, "base-channels": CHANNELS, "models": models, "repeats": 3, "forms": "torch eager"}
    given |= {"threads": 1, "results": tmp_path}
    monkeypatch.setattr(sys, "argv", ["latency.py", *(f"--{name}={value}" for name, value in given.items())])
    latency.main()
    workers = len(set(turns))
    assert turns == turns[:workers] * 3
    result = json.loads((tmp_path / f"latency_{SIZE}_{CHANNELS}.json").read_text())
    assert [form["form"] for form in result["rows"]] == [PLAIN, "torch eager"]
    times = [form["image_s"] for form in result["rows"]]
    assert all(0 < one["lowest"] <= one["median"] <= one["highest"] for one in times)
    header, rows = tables.latency_table({"": result})
    assert [row[:4] for row in rows] == [["32 x 32", "2", "striped", "full"]] * 2
    assert rows[0][header.index("times as fast")] == "1.00"


def test_shares_of_the_peak_are_of_one_precision():
    form = {"multiply_adds": 10**9, "image_s": {"median": 1.0}, "peak_gflops": 8.0}
    assert tables.share_of_peak(form) == "25%"
    assert not tables.share_of_peak({**form, "peak_gflops": None})
    assert not tables.share_of_peak({**form, "multiply_adds": 0})


def test_models_of_other_arguments_are_refused(models):
    with pytest.raises(MadeOtherwiseError, match=r"forms.json was made with image_size=32, not with image_size=64"):
        latency.exported(SimpleNamespace(**{**vars(ARGUMENTS), "image_size": 64}), models)


def test_each_network_and_way_to_ask_is_exported(tmp_path):
    given = {"passes": ["striped", "once"], "residual": ["full", "separable"]}
    forms = export_all(SimpleNamespace(**{**vars(ARGUMENTS), **given}), tmp_path)
    assert [form.form for form in forms] == [PLAIN, *["torch eager"] * 8]
    adds = {(form.passes, form.residual): form.multiply_adds for form in forms[1:]}
    assert adds["striped", "full"] == 12 * adds["once", "full"] > 12 * adds["once", "separable"]
    image = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    for form in forms[1::2]:  # one of the two precisions, which not every processor has
        assert StripedMaskInferencer(tmp_path / form.file).backend.metadata.passes == form.passes
        assert latency.load(tmp_path, form, image, 1)().raw_score > 0


@pytest.mark.parametrize(("passes", "count"), [("striped", 12), ("once", 1)])
def test_bare_passes_are_those_of_an_image(tmp_path, monkeypatch, passes, count):
    given = {"passes": [passes], "forms": [BARE]}
    _, form, _ = export_all(SimpleNamespace(**{**vars(ARGUMENTS), **given}), tmp_path)
    ran = []
    monkeypatch.setattr(OpenVinoGraph, "run_into", lambda graph, chunks, output: ran.extend(chunks))
    latency.load(tmp_path, form, np.zeros((SIZE, SIZE, 3), dtype=np.uint8), 1)()
    assert np.concatenate(ran).shape == (count, 3, SIZE, SIZE)


def test_a_compiled_generator_scores_as_any(models, monkeypatch):
    image, compiling = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8), Mock()
    monkeypatch.setattr(Generator, "compile", compiling)  # which takes minutes
    expected = StripedMaskInferencer(models / "model.ckpt").predict(image).pred_score
    found = latency.load(models, Form(COMPILED, "f32", "model.ckpt"), image, 1)()
    assert found.pred_score.item() == pytest.approx(expected, rel=1e-5)
    compiling.assert_called_once_with()


def test_the_plain_way_is_timed_beside_one_pass_and_beside_twelve(tmp_path, monkeypatch):
    forms = [Form(PLAIN, "f32", "", CHANNELS, "striped"), Form("padim", "f32", "")]
    forms[1:1] = [Form("torch eager", "f32", "", CHANNELS, passes) for passes in ("once", "striped")]
    monkeypatch.setattr(latency, "exported", lambda *_: forms)
    monkeypatch.setattr(latency, "by_turns", lambda group, *_: [[(form.form, form.passes) for form in group]])
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    found = latency.measure(
        SimpleNamespace(**{**vars(ARGUMENTS), "passes": ["once", "striped"], "threads": 1}), tmp_path
    )
    plain = (PLAIN, "striped")
    assert found == [[plain, ("torch eager", "once"), ("padim", "")], [plain, ("torch eager", "striped")]]


def test_a_ratio_is_to_the_plain_way_that_was_timed_beside_it():
    forms = [(PLAIN, 8.0), ("torch eager", 4.0), (PLAIN, 6.0), ("torch eager", 1.0)]
    own = {"precision": "f32", "base_channels": 2, "passes": "", "residual": "", "files_mib": 1, "load_s": 1}
    own |= {"peak_above_imports_mib": 1, "peak_gflops": None, "multiply_adds": 0}
    times = [dict.fromkeys(("median", "lowest", "highest"), seconds) for _, seconds in forms]
    rows = [{**own, "form": form, "image_s": time} for (form, _), time in zip(forms, times, strict=True)]
    result = {"image_size": SIZE, "threads": 1, "machine": {"processor": ""}, "rows": rows}
    header, laid_out = tables.latency_table({"": result})
    assert [row[header.index("times as fast")] for row in laid_out] == ["1.00", "2.00", "1.00", "6.00"]


def test_a_process_that_ends_names_its_model():
    ending = worker.Worker("model.xml", 1, sys.exit)
    ending.wait()
    with pytest.raises(RuntimeError, match=r"model\.xml: its process ended"):
        ending.load()
