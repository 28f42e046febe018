# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``score-many`` in a process of its own, stopped by signals, and on a cluster that loses a machine."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from anomalib_scadn.deploy.distributed import session
from anomalib_scadn.deploy.inspection.outcome import HEATMAPS
from anomalib_scadn.deploy.inspection.score_parts import PARTS

pytest.importorskip("ray")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and sockets of POSIX")

SCRIPT = Path(__file__).parent / "scripts" / "score_slowly.py"
COUNT = 200


def processes_with(mark):
    """List the processes that have a text among their environment, zombies left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (path / "environ").read_bytes():
                found.append((path / "cmdline").read_bytes())
    return found


@pytest.fixture
def pictures(tmp_path):
    """Folder of small images."""
    (tmp_path / "in").mkdir()
    for number in range(COUNT):
        Image.new("L", (8, 8), number % 256).save(tmp_path / "in" / f"{number}.png")
    return tmp_path / "in"


@pytest.fixture
def start(pictures, tmp_path):
    """Start scoring; neither processes nor files of Ray stay behind."""
    mark = uuid.uuid4().hex
    environment = {**os.environ, "SCADN_TEST_MARK": mark, session.COMMAND: "1"}
    environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with tempfile.TemporaryDirectory(dir=session.SOCKETS) as sockets:

        def start_one(*options):
            command = [sys.executable, SCRIPT, pictures, tmp_path / "out", sockets, *options]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            return subprocess.Popen(list(map(str, command)), env=environment, start_new_session=True, **pipes)

        yield start_one
        deadline = time.monotonic() + 30
        while processes_with(mark) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert processes_with(mark) == []
        assert list(Path(sockets).iterdir()) == []


def drawn(out):
    return sum(1 for _ in (out / HEATMAPS).rglob("*.png"))


def written(out):
    return [path for part in (out / PARTS).iterdir() for path in pq.read_table(part)["path"].to_pylist()]


def test_an_interrupted_run_keeps_what_it_has_says_so_and_leaves_nothing_of_ray(start, tmp_path):
    out, before = tmp_path / "out", 0
    for stop in (lambda run: os.killpg(run.pid, signal.SIGINT), lambda run: run.send_signal(signal.SIGTERM)):
        with start() as run:
            while drawn(out) < before + 80:  # two tasks have at most 50, and rows take a while to come
                assert run.poll() is None
                time.sleep(0.05)
            stop(run)
            output, errors = run.communicate()
        assert (run.returncode, output) == (130, "")
        assert errors == "interrupted: what was scored is written; the same command goes on\n"
        assert before < len(written(out)) < COUNT
        assert len(set(written(out))) == len(written(out))
        before = len(written(out))


def test_a_cluster_that_loses_a_machine_loses_and_doubles_no_image(start, tmp_path):
    with start("--lose-node", 20) as run:
        output, errors = run.communicate()
    assert run.returncode == 0, errors
    assert "lost a node\n" in output  # among lines of Ray's
    assert output.endswith(f"\n{COUNT} 0\n")
    assert sorted(written(tmp_path / "out")) == sorted(f"{number}.png" for number in range(COUNT))
