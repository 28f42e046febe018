# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a model tells its trainer."""

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import DDPStrategy


@pytest.mark.parametrize(("chosen", "expected"), [({}, True), ({"find_unused_parameters": False}, False)])
def test_several_processes_look_for_unused_parameters_unless_the_user_says_otherwise(chosen, expected, tiny_scadn):
    model, strategy = tiny_scadn(), DDPStrategy(**chosen)
    model.trainer = Trainer(accelerator="cpu", devices=2, strategy=strategy, logger=False)
    assert strategy._ddp_kwargs == {"find_unused_parameters": expected}


def test_an_optimizer_whose_state_is_older_stays_fused(tiny_scadn):
    model = tiny_scadn()
    older = torch.optim.Adam(model.model.generator.parameters()).state_dict()
    model.on_load_checkpoint({"state_dict": model.state_dict(), "optimizer_states": [older]})
    (optimizer, _) = model.configure_optimizers()
    optimizer.load_state_dict(older)
    assert optimizer.param_groups[0]["fused"]
