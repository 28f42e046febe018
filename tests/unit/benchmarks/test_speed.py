# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The plain loop computes what the model does, and both are timed by turns."""

import json
import sys

import pytest
import torch
from torch import nn

import speed
import tables
from anomalib_scadn import Scadn
from anomalib_scadn.networks import BlockConv2d, Generator, InstanceNorm, ResizeConv2d
from anomalib_scadn.training.inputs import draw_inputs
from plain import PlainLoop, with_torchs_layers
from speed import ByTurns


def test_torchs_layers_have_the_same_weights_and_paint_the_same():
    generator, images = Generator(4).double(), torch.rand(2, 3, 32, 40, dtype=torch.float64)
    plain = with_torchs_layers(generator)
    assert not any(isinstance(layer, InstanceNorm | ResizeConv2d | BlockConv2d) for layer in plain.modules())
    assert sum(isinstance(layer, nn.Upsample) for layer in plain.modules()) == 3
    torch.testing.assert_close(plain.state_dict(), generator.state_dict(), atol=0, rtol=0)
    torch.testing.assert_close(plain(images), generator(images), atol=1e-10, rtol=0)


def test_the_plain_loop_begins_with_the_models_losses_and_learns():
    options = {"repair": 1.0, "lambda_ssim": 0.1, "ema_decay": 0.5, "lambda_adv": 0.5}
    model = Scadn(image_size=32, base_channels=2, learning_rate=1e-3, seed=0, visualizer=False, **options)
    loop, images = PlainLoop(model), torch.rand(4, 3, 32, 32)
    inputs = draw_inputs(images, model.stripe_masks, torch.Generator().manual_seed(0), repair=1.0)
    terms = model._loss_terms(inputs.images, model.model.paint(inputs.given), inputs.masks)
    found = loop.step(images)
    assert found["discriminator_loss"] == pytest.approx(terms["discriminator_loss"].item(), rel=1e-4)
    expected = terms["reconstruction_loss"] + 0.1 * terms["structural_loss"] + 0.5 * terms["adversarial_loss"]
    # The discriminator has learned before it judges for the generator.
    assert found["generator_loss"] == pytest.approx(expected.item(), rel=1e-2)
    for _ in range(8):
        last = loop.step(images)
    assert last["generator_loss"] < found["generator_loss"]
    both = zip(loop.result.parameters(), loop.generator.parameters(), strict=True)
    assert any(not torch.equal(average, weight) for average, weight in both)


def test_ratios_are_those_of_steps_that_follow_each_other(monkeypatch):
    monkeypatch.setattr(speed, "endless", iter)
    turns = ByTurns(None, [])
    turns.seconds = {"ours": [9.0] * speed.WARM_UP + [1.0, 2.0, 4.0], "plain": [9.0] * (speed.WARM_UP + 1) + [3.0] * 3}
    assert turns.measured() == {"ours_per_s": 0.5, "plain_per_s": 1 / 3, "ratio": 1.5}


def test_the_command_trains_both_ways_and_its_table_is_laid_out(tmp_path, tree, scadn_config, monkeypatch):
    config = tmp_path / "tiny.yaml"
    text = scadn_config.read_text().replace("24", "32")
    config.write_text(text.replace("base_channels: 2\n", "base_channels: 2\n    passes: once\n"))
    given = ["--data", f"tiny={tree}", "--config", str(config), "--steps", str(speed.WARM_UP + 3)]
    sizes = ["--base-channels", "3", "--reference-images", "2", "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["speed.py", *given, *sizes])
    monkeypatch.setattr(speed, "in_own_process", lambda function, *values: function(*values))
    asked: list[str] = []
    ask = speed.ask
    monkeypatch.setattr(speed, "ask", lambda *values: asked.append(values[1].model.passes) or ask(*values))
    speed.main()
    assert asked == ["once", "once"]  # as the configuration says
    result = json.loads((tmp_path / "speed_tiny_tiny_3_32-true.json").read_text())
    run = result["runs"]["0"]
    assert run["ratio"] > 0
    assert set(run["metrics"]) == {"plain", "ours"}
    header, (row,) = tables.speed_table({"tiny_tiny_3_32-true": result})
    assert row[:7] == ["tiny", "`tiny.yaml`", "32 x 32", "3", "32-true", str(speed.WARM_UP + 3), "1"]
    assert row[header.index("times as fast")] == f"{run['ratio']:.2f}"
