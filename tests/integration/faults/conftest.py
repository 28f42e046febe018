# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A worker whose processes may die.

What is wrong is wrong in the same way every time: all that is drawn is drawn from seeds.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("anomalib-scadn-faults", deadline=None, derandomize=True, database=None, max_examples=20)
settings.load_profile("anomalib-scadn-faults")


class Worker:
    """The worker's process."""

    def __init__(self) -> None:
        script = Path(__file__).parent / "worker.py"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([sys.executable, script], text=True, **pipes)

    def run(self, task, *arguments, **options):
        """Carry a task out, and give how it ended and what it found."""
        order = {"task": task, "arguments": arguments, **options}
        print(json.dumps(order, default=str), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def load(self, files):
        """Load models and score an image with each; those that end the process are found with its end."""
        left, found = list(map(str, files)), []
        while left:
            done = self.run("load", left)
            found += done["found"] if done["end"] == 0 else [*done["found"], {"end": done["end"], "code": []}]
            left = list(map(str, files))[len(found) :]
        return found


@pytest.fixture(scope="session")
def worker():
    """The worker."""
    if not hasattr(os, "fork"):
        pytest.skip("processes are forked")
    made = Worker()
    yield made
    made.process.stdin.close()
    made.process.wait()
