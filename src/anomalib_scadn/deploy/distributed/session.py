# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Ray for as long as a run takes: one of its own on this machine, or a cluster that is there already."""

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from anomalib_scadn.checks import check_installed
from anomalib_scadn.deploy.inspection.score_parts import EXTRA

from .interrupts import ignore_signals, raise_on_signals, signals_restored

COMMAND = "ANOMALIB_SCADN_COMMAND"
"""Tells this package in an actor that it is imported by its own command, so that a graph is scored without anomalib."""

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported over the network
    "RAY_worker_niceness": "0",  # Ray's 15 leaves little to actors where anything else runs
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # as it will be, so that Ray does not warn of it
    COMMAND: "1",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "retries remaining",  # else a whole traceback before that of the run
    # A task waits 10, 20 and 40 s before it is tried again on an actor out of reach: Ray takes a minute to find that a
    # machine is gone.
    "RAY_task_actor_unavailable_retry_delay_base_ms": "10000",
    "RAY_task_actor_unavailable_retry_max_delay_ms": "40000",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # else a line on each pool of actors that nobody can do anything about
}
"""Environment of an embedded Ray."""

QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}

SOCKETS = "/tmp" if os.name == "posix" else None  # noqa: S108  # tempfile makes a folder of its own in it
"""Where an embedded Ray has its folder: names of sockets have a limit of some hundred bytes, and TMPDIR may be long."""

ANSWER_SECONDS = 10.0
"""How long a cluster may take to answer."""


def check_ray() -> None:
    """Raise unless Ray and pyarrow are installed.

    Raises:
        ImportError: If one is not; the message names the extra.
    """
    for package in ("ray", "pyarrow"):
        check_installed(package, EXTRA, "score-many")


@contextmanager
def ray_session(address: str | None = None, cpus: int | None = None) -> Iterator[None]:
    """Start Ray on this machine, without its dashboard and its report of use, or join a cluster.

    A Ray that this process has joined already is used as it is, and left running. SIGTERM ends the session as SIGINT
    does, by KeyboardInterrupt.

    Args:
        address (str | None): Address of a cluster that this machine belongs to, ``"auto"`` or ``"HOST:6379"``.
            Defaults to ``None``, a Ray that ends with the session, its processes and files with it.
        cpus (int | None): CPUs that an embedded Ray gives to actors. Defaults to ``None``, those of the machine.

    Yields:
        None: While Ray runs.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If there is no cluster at the address, or it does not let this process in.
    """
    check_ray()
    with _environment(), signals_restored():
        raise_on_signals()
        import ray

        if joined_already():
            yield
            return
        with TemporaryDirectory(prefix="ray-", dir=SOCKETS, ignore_cleanup_errors=True) as folder:
            try:
                if address is None:
                    with _without_error_stream():
                        options: dict[str, Any] = {"num_cpus": cpus, "include_dashboard": False, "_temp_dir": folder}
                        ray.init(address="local", **options, **QUIET)
                else:
                    _join(address)
                raise_on_signals()  # once more: Ray has set a handler of its own
                yield
            finally:
                ignore_signals()  # which must not stop the cleaning
                ray.shutdown()


def joined_already() -> bool:
    """Tell whether this process has joined a Ray before.

    Returns:
        bool: Whether it has.
    """
    return "ray" in sys.modules and sys.modules["ray"].is_initialized()


def check_address(address: str) -> None:
    """Raise unless something answers at the address of a cluster: Ray itself would wait for it without end.

    Args:
        address (str): ``"auto"``, which is left to :func:`ray_session`, or host and port.

    Raises:
        ValueError: If it is neither.
        ConnectionError: If nothing answers.
    """
    if address == "auto":  # only Ray can tell which that is
        return
    found = re.fullmatch(r"(?:\[([^\[\]/\s]+)\]|([^\[\]/:\s]+)):(\d{1,5})", address)
    if not found or not 0 < int(found[3]) < 2**16:
        msg = f"address must be 'auto', or host and port as in 'HOST:6379', got {address!r}"
        raise ValueError(msg)
    try:
        socket.create_connection((found[1] or found[2], int(found[3])), timeout=ANSWER_SECONDS).close()
    except (OSError, UnicodeError) as error:  # the second if it can be no name of a host
        msg = f"nothing answers at {address}: {error}; expected a Ray cluster that runs there"
        raise ConnectionError(msg) from error


def _check_found() -> None:
    """Raise unless something answers where Ray finds ``"auto"``: the address of a cluster that is gone may stay.

    Raises:
        ConnectionError: If Ray finds none, or nothing answers there.
    """
    try:
        from ray._private.services import get_ray_address_from_environment
    except ImportError:  # another version of Ray, which looks by itself
        return
    found = get_ray_address_from_environment("auto", None)
    try:
        check_address(found)
    except (ConnectionError, ValueError) as error:
        reason = str(error).partition("; expected")[0]
        msg = f"Ray finds the address in RAY_ADDRESS or in a cluster's file ray/ray_current_cluster: {reason}"
        raise ConnectionError(msg) from error


def _join(address: str) -> None:
    import ray

    try:
        with _without_error_stream() as held:
            if address == "auto":
                _check_found()
            ray.init(address=address, runtime_env={"env_vars": {COMMAND: "1"}}, **QUIET)
    except (ConnectionError, ray.exceptions.RayError) as error:
        reasons = [(str(error).strip() or type(error).__name__).splitlines()[0], *held[-1:]]
        msg = (
            f"cannot join a Ray cluster at {address}: {'; '.join(reasons)}; expected a cluster that runs "
            "there, and its RAY_AUTH_MODE and RAY_AUTH_TOKEN, if it has such, in the environment"
        )
        raise ConnectionError(msg) from error


@contextmanager
def _without_error_stream() -> Iterator[list[str]]:
    """Hold back what Ray's library writes to the error stream by itself, whatever its level of logging.

    Yields:
        list[str]: The messages, after the end.
    """
    sys.stderr.flush()
    found: list[str] = []
    stream = os.dup(2)
    with TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield found
        finally:
            sys.stderr.flush()
            os.dup2(stream, 2)
            os.close(stream)
            held.seek(0)
            found += [line.decode(errors="replace").rpartition("] ")[2].strip() for line in held]


@contextmanager
def _environment() -> Iterator[None]:
    had = {name: os.environ.get(name) for name in (*ENVIRONMENT, "RAY_AUTH_MODE")}  # which Ray sets for its own Ray
    os.environ.update(ENVIRONMENT)  # read when Ray is imported and started
    try:
        yield
    finally:
        for name, value in had.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
