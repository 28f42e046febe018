# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What Ray is started with; by a stand-in for it."""

import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from anomalib_scadn.deploy.distributed import session


@pytest.fixture
def started(monkeypatch):
    """List the arguments that Ray is started with, and the variables of the environment then."""
    found = []
    stand_in = SimpleNamespace(
        is_initialized=lambda: False,
        init=lambda **options: found.append({**options, "environment": dict(os.environ)}),
        shutdown=lambda: None,
    )
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    monkeypatch.setattr(session, "check_ray", lambda: None)
    return found


@pytest.mark.skipif(os.name != "posix", reason="sockets have no names there")
def test_the_folder_of_sockets_has_a_short_name(started, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with session.ray_session():
        folder = started[0]["_temp_dir"]
        assert Path(folder).is_dir()
        assert len(folder) < 20
    assert not Path(folder).exists()


def test_actors_know_that_a_command_of_this_package_imports_it(started):
    with session.ray_session():
        assert started[0]["environment"][session.COMMAND] == "1"
    with session.ray_session("ray://host:1"):
        assert started[1]["runtime_env"] == {"env_vars": {session.COMMAND: "1"}}
    assert session.COMMAND not in os.environ
