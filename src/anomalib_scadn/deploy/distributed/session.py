# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Ray for as long as a run takes: one of its own on this machine, or a cluster that is there already."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from anomalib_scadn.checks import check_installed
from anomalib_scadn.deploy.inspection.score_parts import EXTRA

COMMAND = "ANOMALIB_SCADN_COMMAND"
"""Tells this package in an actor that it is imported by its own command, so that a graph is scored without anomalib."""

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported over the network
    "RAY_worker_niceness": "0",  # Ray's 15 leaves little to actors where anything else runs
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # as it will be, so that Ray does not warn of it
    COMMAND: "1",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "retries remaining",  # else a whole traceback before that of the run
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # else a line on each pool of actors that nobody can do anything about
}
"""Environment of an embedded Ray."""

SOCKETS = "/tmp" if os.name == "posix" else None  # noqa: S108  # tempfile makes a folder of its own in it
"""Where an embedded Ray has its folder: names of sockets have a limit of some hundred bytes, and TMPDIR may be long."""


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

    A Ray that this process has joined already is used as it is, and left running.

    Args:
        address (str | None): Address of a cluster, say ``"auto"`` or ``"ray://HOST:10001"``. Defaults to ``None``, a
            Ray that ends with the session and leaves neither processes nor files.
        cpus (int | None): CPUs that an embedded Ray gives to actors. Defaults to ``None``, those of the machine.

    Yields:
        None: While Ray runs.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If there is no cluster at the address.
    """
    check_ray()
    had = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)  # read when Ray is imported and started
    try:
        import ray

        if ray.is_initialized():
            yield
            return
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        with TemporaryDirectory(prefix="ray-", dir=SOCKETS, ignore_cleanup_errors=True) as folder:
            try:
                if address is None:
                    ray.init(address="local", num_cpus=cpus, include_dashboard=False, _temp_dir=folder, **options)
                else:
                    ray.init(address=address, runtime_env={"env_vars": {COMMAND: "1"}}, **options)
                yield
            finally:
                ray.shutdown()
    finally:
        for name, value in had.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
