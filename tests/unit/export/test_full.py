# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

from pathlib import Path

import pytest
import torch

from anomalib_scadn.torch_model import ScadnModel


@pytest.mark.parametrize("adversarial", [True, False])
def test_a_failed_export_to_torch_leaves_the_model_and_no_file(tmp_path, tiny_scadn, monkeypatch, adversarial):
    import torch

    def fail(obj, f):
        Path(f).write_text("half")
        raise OSError("disk full")

    model = tiny_scadn(lambda_adv=0.001 if adversarial else 0)
    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        model.to_torch(tmp_path)
    assert not list(tmp_path.iterdir())
    assert (model.model.discriminator is not None) == adversarial


def test_a_graph_paints_a_few_masks_at_a_time_for_any_batch():
    model = ScadnModel((32, 32), base_channels=1, residual_blocks=1, seed=0, passes_at_once=5).eval()
    batch = torch.export.Dim("batch")
    program = torch.export.export(model, (torch.rand(2, 3, 32, 32),), dynamic_shapes=({0: batch},))
    for count in (1, 3):
        images = torch.rand(count, 3, 32, 32)
        with torch.no_grad():
            expected, found = model(images), program.module()(images)
        torch.testing.assert_close(found.anomaly_map, expected.anomaly_map, atol=1e-5, rtol=1e-4)
    convolutions = [node for node in program.graph.nodes if "conv" in str(node.target)]
    layers = [module for module in model.generator.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(convolutions) == 3 * len(layers)
    assert len(program.state_dict) == len(model.state_dict())


def test_an_export_without_reference_values_warns(tiny_scadn, caplog):
    model = tiny_scadn()
    with model._exporting():
        assert "no reference values" in caplog.text
    caplog.clear()
    model.model.scorer.mu.zero_()
    with model._exporting():
        assert "no reference values" not in caplog.text
        assert "The model was never validated" in caplog.text
    caplog.clear()
    for name in ("image_min", "image_max"):
        getattr(model.post_processor, name).fill_(1.0)
    with model._exporting():
        assert not caplog.text
