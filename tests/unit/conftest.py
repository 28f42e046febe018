# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Fixtures that several unit tests share."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings

# Derandomized: a run of the tests depends on the code alone. No deadline: the machine may be busy.
settings.register_profile("anomalib-scadn-unit", deadline=None, derandomize=True, database=None, max_examples=50)
settings.load_profile("anomalib-scadn-unit")

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"
"""Vectors from the authors' implementation; lie beside the repository, not in it."""


@pytest.fixture(autouse=True)
def _seeded():
    """Let every test draw the same numbers, whichever ran before it."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="module")
def _one_thread(request):
    """Small tensors gain nothing from threads, and lose much on a busy machine."""
    threads = torch.get_num_threads()
    if not request.node.name.endswith("test_golden.py"):  # its networks are large
        torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def golden_file(name):
    """Find a golden file, or skip the test."""
    path = GOLDEN / name
    if not path.is_file():
        pytest.skip(f"no golden vectors: {name} is not beside the repository")
    return path


@pytest.fixture(scope="session")
def official_keys():
    """Keys and shapes of the authors' state dicts."""
    return json.loads(golden_file("official_keys.json").read_text())


@pytest.fixture(scope="session")
def golden_vectors():
    """The authors' inputs and outputs, by name."""
    with np.load(golden_file("official_scadn_64.npz")) as vectors:
        return dict(vectors)
