# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Every form of a model is timed by turns, beside inference as the paper tells it."""

import json
import multiprocessing.dummy
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import latency
import tables
from anomalib_scadn.deploy import StripedMaskInferencer
from forms import PLAIN, Form, count, make_model, save_checkpoint
from plain import PlainInference

SIZE, CHANNELS = 32, 2


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    model = make_model(SIZE, CHANNELS, seed=0)
    checkpoint = save_checkpoint(model, folder)
    passes = len(model.model.masks) * count(model.model.generator, SIZE)
    own = ("f32", checkpoint.name, CHANNELS, "striped", "full", passes)
    (folder / "forms.json").write_text(json.dumps([Form(PLAIN, *own), Form("torch eager", *own)]))
    return folder


def test_the_plain_way_scores_as_the_inferencer_does(models):
    image = np.random.default_rng(0).integers(0, 256, (SIZE + 8, SIZE, 3), dtype=np.uint8)
    expected = StripedMaskInferencer(models / "model.ckpt").predict(image).raw_score
    assert PlainInference(models / "model.ckpt").predict(image) == pytest.approx(expected, rel=1e-5)


def test_multiply_adds_are_those_of_convolutions():
    assert count(torch.nn.Conv2d(3, 4, 3, padding=1, bias=False), 8) == 3 * 4 * 9 * 8 * 8


def test_the_command_times_by_turns_and_its_table_is_laid_out(models, tmp_path, monkeypatch):
    threads = SimpleNamespace(Pipe=multiprocessing.dummy.Pipe, Process=threading.Thread)
    monkeypatch.setattr(latency, "multiprocessing", SimpleNamespace(get_context=lambda _: threads))
    monkeypatch.setattr(latency, "PAUSE", 0)
    monkeypatch.setattr(latency, "PRODUCT", 64)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    turns, turn = [], latency.Worker.turn
    monkeypatch.setattr(latency.Worker, "turn", lambda worker: (turns.append(worker), turn(worker)))
    given = ["--image-size", str(SIZE), "--base-channels", str(CHANNELS), "--models", str(models), "--repeats", "3"]
    monkeypatch.setattr(sys, "argv", ["latency.py", *given, "--threads", "1", "--results", str(tmp_path)])
    latency.main()
    workers = len(set(turns))
    assert turns == turns[:workers] * 3
    result = json.loads((tmp_path / f"latency_{SIZE}.json").read_text())
    assert [form["form"] for form in result["forms"]] == [PLAIN, "torch eager"]
    assert all(form["image_s_lowest"] <= form["image_s"] <= form["image_s_highest"] for form in result["forms"])
    header, rows = tables.latency_table({str(SIZE): result})
    assert [row[:4] for row in rows] == [["32 x 32", "2", "striped", "full"]] * 2
    assert rows[0][header.index("times as fast")] == "1.00"


def test_shares_of_the_peak_are_of_one_precision():
    form = {"precision": "bf16", "multiply_adds": 10**9, "image_s": 1.0}
    assert tables.share_of_peak(form, {"f32": 4.0, "bf16": 8.0}) == "25%"
    assert not tables.share_of_peak({**form, "precision": "int8"}, {"f32": 4.0})
    assert not tables.share_of_peak({**form, "multiply_adds": 0}, {"bf16": 4.0})
