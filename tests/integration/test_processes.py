# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What only shows with processes of their own: a killed run, several processes."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parent / "scripts" / "fit.py"


def fit(*arguments: object) -> int:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, timeout=300).returncode


@pytest.mark.parametrize(("seed", "workers"), [((), 0), (("--seed", 7), 2)], ids=["drawn-seed", "seed-workers"])
def test_killed_and_resumed_run_equals_an_uninterrupted_one(lace_root, tmp_path, seed, workers):
    common = ("--lace", lace_root, "--workers", workers)
    killed = tmp_path / "killed"
    assert fit(*common, *seed, "--results", killed, "--kill", 2, 1) == -signal.SIGKILL
    checkpoint = next(killed.rglob("model.ckpt"))
    # An uninterrupted run of a run whose seed nobody chose: it starts with the seed that the checkpoint holds.
    chosen = ("--seed", torch.load(checkpoint, weights_only=True)["scadn_seed"]) if not seed else seed
    assert fit(*common, *seed, "--results", tmp_path / "resumed", "--resume", checkpoint, "--save", tmp_path / "b") == 0
    resumed = torch.load(tmp_path / "b", weights_only=True)
    if seed:
        assert fit(*common, *chosen, "--results", tmp_path / "whole", "--save", tmp_path / "a") == 0
        whole = torch.load(tmp_path / "a", weights_only=True)
        assert whole.keys() == resumed.keys()
        different = [key for key in whole if not torch.equal(whole[key], resumed[key])]
        assert different == []
    else:
        assert fit(*common, "--results", tmp_path / "again", "--resume", checkpoint, "--save", tmp_path / "a") == 0
        again = torch.load(tmp_path / "a", weights_only=True)
        assert all(torch.equal(again[key], resumed[key]) for key in again)


def test_two_processes_agree_on_the_reference_values_of_one(lace_root, tmp_path):
    common = ("--lace", lace_root, "--seed", 0, "--epochs", 1)
    assert fit(*common, "--results", tmp_path / "two", "--devices", 2, "--save", tmp_path / "two.pt") == 0
    state = torch.load(tmp_path / "two.pt", weights_only=True)
    from anomalib_scadn import Scadn, SyntheticLace

    model = Scadn(image_size=32, base_channels=2)
    model.load_state_dict(state)
    lace = SyntheticLace(root=lace_root, image_size=32, num_train=8, num_test_good=2, num_test_defect=1, num_workers=0)
    lace.setup()
    images = torch.stack([item.image for item in lace.train_data])
    with torch.no_grad():
        expected = model.model.statistics(images) / len(images)
    torch.testing.assert_close(state["model.scorer.mu"].double(), expected, atol=1e-6, rtol=1e-5)
