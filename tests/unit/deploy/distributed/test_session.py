# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What Ray is started with; by a stand-in for it."""

import os
import re
import socket
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
        exceptions=SimpleNamespace(RayError=RuntimeError),
    )
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    monkeypatch.setitem(sys.modules, "ray._private.services", None)  # nor Ray's own, if another test has imported it
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
    with session.ray_session("auto"):
        assert started[1]["runtime_env"] == {"env_vars": {session.COMMAND: "1"}}
    assert session.COMMAND not in os.environ


def test_an_address_at_which_nothing_answers_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        session.check_address(address)
    with pytest.raises(ConnectionError, match=f"nothing answers at {address}: .*refused"):
        session.check_address(address)


def test_auto_is_refused_if_the_cluster_that_ray_finds_is_gone(monkeypatch, started):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        services = SimpleNamespace(get_ray_address_from_environment=lambda *_: address)
        monkeypatch.setitem(sys.modules, "ray._private.services", services)
        with session.ray_session("auto"):
            assert started[0]["address"] == "auto"  # by which Ray takes its token
    with pytest.raises(ConnectionError, match=f"at auto: .*ray_current_cluster: nothing answers at {address}"):
        session._join("auto")
    assert len(started) == 1


def test_ray_finds_what_the_environment_names(monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", "nonsense")
    with pytest.raises(ConnectionError, match=r"in RAY_ADDRESS or .* got 'nonsense'"):
        session._check_found()


@pytest.mark.parametrize(
    "address", ["nonsense", "", "ray://host:1", "host:port", "host:0", "host:99999", "::1", "[::1:1"]
)
def test_what_is_no_address_is_refused_by_name(address):
    with pytest.raises(
        ValueError, match="must be 'auto', or host and port as in 'HOST:6379', got " + re.escape(repr(address))
    ):
        session.check_address(address)


def test_what_can_be_no_host_is_refused_with_the_address():
    with pytest.raises(ConnectionError, match=r"nothing answers at a\.\.b:1: "):
        session.check_address("a..b:1")
