# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Processes that hold something loaded, and are timed by turns."""

import multiprocessing
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from layout import median_and_range
from provenance import peak_memory

PAUSE = 0.3
"""Seconds until the threads of a runtime that has answered are surely asleep."""

LEAST = 0.5
"""Seconds of a turn at least."""

TURN = "turn"
"""What a process is told that is to be timed."""

Call = Callable[[], object]
Row = dict[str, Any]


def serve(connection: Any, make: Callable[..., Call], given: tuple, threads: int) -> None:  # noqa: ANN401  # a pipe's end
    """Make a call in this process, make it whenever asked, and tell the seconds; at the end, the memory in MiB."""
    torch.set_num_threads(threads)
    connection.send(None)
    connection.recv()
    before, start = peak_memory(), time.perf_counter()
    call = make(*given)
    load_s = time.perf_counter() - start
    call()  # the first one warms up
    connection.send(load_s)
    while connection.recv() == TURN:
        connection.send(seconds_of_turn(call))
    connection.send(peak_memory() - before)


def seconds_of_turn(call: Call) -> float:
    """Time calls in a row for a while, and take their median: other processes have emptied the caches before."""
    seconds: list[float] = []
    while not seconds or sum(seconds) < LEAST:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


class Worker:
    """A process that holds a loaded model; it is timed when it is asked to be."""

    def __init__(self, name: str, threads: int, make: Callable[..., Call], *given: object) -> None:
        context = multiprocessing.get_context("spawn")
        self._name = name
        self._connection, other = context.Pipe()
        self._process = context.Process(target=serve, args=(other, make, given, threads), daemon=True)
        self._process.start()
        other.close()  # so that a process that dies is noticed
        self.seconds: list[float] = []

    def wait(self) -> None:
        """Wait until the process has imported what it needs."""
        self._ask()

    def load(self) -> None:
        """Load the model while all other processes sleep."""
        self.load_s: float = self._ask("load")

    def _ask(self, *words: str) -> Any:  # noqa: ANN401  # whatever the process tells
        try:
            for word in words:
                self._connection.send(word)
            return self._connection.recv()
        except (EOFError, OSError) as error:
            msg = f"{self._name}: its process ended; without an error above, it did not fit into memory"
            raise RuntimeError(msg) from error

    def turn(self) -> None:
        """Time one call while all other processes sleep."""
        time.sleep(PAUSE)
        self.seconds.append(self._ask(TURN))

    def end(self) -> Row:
        """End the process; tell what was measured: times in seconds, memory in MiB."""
        memory = self._ask("end")
        self._process.join()
        return {"load_s": self.load_s, "image_s": median_and_range(self.seconds), "peak_above_imports_mib": memory}
