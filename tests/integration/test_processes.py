# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What only shows with processes of their own: a killed run, several processes."""

import signal
import subprocess
import sys
from pathlib import Path

import torch

from tolerances import score_rounding

SCRIPT = Path(__file__).parent / "scripts" / "fit.py"


def fit(*commands: tuple[object, ...]) -> list[int]:
    """Run fits one after the other, each in a process of its own, and give their return codes."""
    joined = [text for command in commands for text in ("--next", *map(str, command))][1:]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *joined], check=True, stdout=subprocess.PIPE, text=True, timeout=300
    )
    return [int(code) for code in done.stdout.splitlines()[-1].split()] if len(commands) > 1 else [0]


def differences(first: Path, second: Path) -> list[str]:
    one, other = (torch.load(path, weights_only=True) for path in (first, second))
    return [key for key in one.keys() | other.keys() if not torch.equal(one[key], other[key])]


def test_killed_and_resumed_runs_equal_an_uninterrupted_one_even_if_nobody_chose_a_seed(lace_root, tmp_path):
    seeded = ("--lace", lace_root, "--workers", 2, "--seed", 7, "--repair", 0.5)
    unseeded = ("--lace", lace_root, "--resume-in", tmp_path / "unseeded")
    assert fit(
        (*seeded, "--results", tmp_path / "killed", "--kill", 2, 1),
        (*seeded, "--results", tmp_path / "resumed", "--resume-in", tmp_path / "killed", "--save", tmp_path / "b.pt"),
        (*seeded, "--results", tmp_path / "whole", "--save", tmp_path / "a.pt"),
        ("--lace", lace_root, "--results", tmp_path / "unseeded", "--kill", 2, 1),
        *((*unseeded, "--results", tmp_path / name, "--save", tmp_path / f"{name}.pt") for name in ("c", "d")),
    ) == [-signal.SIGKILL, 0, 0, -signal.SIGKILL, 0, 0]
    assert differences(tmp_path / "a.pt", tmp_path / "b.pt") == []
    assert differences(tmp_path / "c.pt", tmp_path / "d.pt") == []


def test_two_processes_agree_on_averaged_weights_and_the_reference_values_of_one(lace_root, tmp_path):
    common = ("--lace", lace_root, "--seed", 0, "--epochs", 1, "--ema", 0.8)
    assert fit((*common, "--results", tmp_path / "two", "--devices", 2, "--save", tmp_path / "two.pt")) == [0]
    assert differences(tmp_path / "two.pt", tmp_path / "two.1.pt") == []
    state = torch.load(tmp_path / "two.pt", weights_only=True)
    from anomalib_scadn import Scadn, SyntheticLace

    model = Scadn(image_size=32, base_channels=2, residual_blocks=1)
    model.load_state_dict(state)
    lace = SyntheticLace(root=lace_root, image_size=32, num_train=8, num_test_good=2, num_test_defect=1, num_workers=0)
    lace.setup()
    images = torch.stack([item.image for item in lace.train_data])
    with torch.no_grad():
        expected = model.model.statistics(images) / len(images)
    torch.testing.assert_close(state["model.scorer.mu"].double(), expected, atol=score_rounding(2), rtol=0)


def test_two_processes_resume_to_the_same_weights_and_learn_as_one_with_twice_the_batch(lace_root, tmp_path):
    """Forked, and not started as by default, to import once.

    Two processes draw other masks than one, so that losses are compared with one mask for all images. What differs then
    is the order of sums, and biases before an instance norm, which no loss depends on.
    """
    two = ("--lace", lace_root, "--seed", 7, "--devices", 2, "--forked", "--batch", 2, "--epochs", 2)
    one = ("--lace", lace_root, "--seed", 7, "--epochs", 3)
    files = half, both, alone = tuple(tmp_path / name for name in ("half.pt", "both.pt", "alone.pt"))
    assert fit(
        (*two, "--results", tmp_path / "killed", "--kill", 1, 1),
        (*two, "--results", tmp_path / "resumed", "--resume-in", tmp_path / "killed", "--save", tmp_path / "b.pt"),
        (*two, "--results", tmp_path / "whole", "--save", tmp_path / "a.pt"),
        (*two, "--results", tmp_path / "half", "--epochs", 1, "--precision", "bf16-mixed", "--losses", half),
        (*two, "--results", tmp_path / "both", "--epochs", 3, "--batch", 4, "--losses", both),
        (*one, "--results", tmp_path / "alone", "--batch", 8, "--losses", alone),
    ) == [1, 0, 0, 0, 0, 0]
    assert differences(tmp_path / "a.pt", tmp_path / "b.pt") == []
    in_half, of_both, of_one = (torch.load(path, weights_only=True) for path in files)
    assert in_half.shape == (2, 2)
    assert in_half.isfinite().all()
    assert of_one.shape == (3, 2)
    torch.testing.assert_close(of_both, of_one, rtol=1e-4, atol=0)
