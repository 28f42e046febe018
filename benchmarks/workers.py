# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Functions of the benchmarks in processes of their own, so that memory is a run's own and a failure harms no other."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


class WorkerError(RuntimeError):
    """A process ended with another status than 0; what it printed says why."""


def in_own_process(function: Callable[..., Any], *arguments: Any, threads: int | None = None) -> Any:  # noqa: ANN401
    """Call a function in a process of its own; its arguments and its result are plain data."""
    environment = {**os.environ, **({} if threads is None else {"OMP_NUM_THREADS": str(threads)})}
    with TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        call = [function.__module__, function.__qualname__, json.dumps(arguments), str(answer)]
        done = subprocess.run([sys.executable, __file__, *call], check=False, env=environment)
        if done.returncode:
            msg = f"status {done.returncode}"
            raise WorkerError(msg)
        return json.loads(answer.read_text(encoding="utf-8"))


def main() -> None:
    """Do in this process what another asked for."""
    module, name, arguments, answer = sys.argv[1:]
    result = getattr(importlib.import_module(module), name)(*json.loads(arguments))
    Path(answer).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
