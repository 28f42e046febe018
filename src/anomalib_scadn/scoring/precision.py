# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Single precision where small differences of large numbers count, whatever the networks run in."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import torch


class _Process:
    """The process's settings, exact as long as one thread needs it: each would else restore what another has set."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._threads = 0
        self._before: list[tuple[Any, str]] = []

    @contextmanager
    def exact(self) -> Iterator[None]:
        """Compute matrix products and convolutions of float32 in float32."""
        with self._lock:
            self._threads += 1
            if self._threads == 1:
                mkldnn = torch.backends.mkldnn  # torch replaces its module at import
                backends = (torch.backends.cuda.matmul, torch.backends.cudnn.conv, mkldnn.matmul, mkldnn.conv)  # type: ignore[attr-defined]
                self._before = [(backend, backend.fp32_precision) for backend in backends]
                for backend in backends:
                    backend.fp32_precision = "ieee"
        try:
            yield
        finally:
            with self._lock:
                self._threads -= 1
                if not self._threads:
                    for backend, precision in self._before:
                        backend.fp32_precision = precision


_process = _Process()


@contextmanager
def single_precision(device_type: str) -> Iterator[None]:
    """Compute without autocast, and matrix products and convolutions without TF32 or bfloat16.

    Lightning advises to run on GPUs with ``torch.set_float32_matmul_precision("high")``, which rounds what goes into
    products of float32 to ten bits. The setting is the process's, and is restored when the last thread is done. A graph
    that is exported has no such settings; nothing is done then.

    Args:
        device_type (str): Type of the device that computes, as ``torch.autocast`` takes it.

    Yields:
        None: While it is so.
    """
    if torch.compiler.is_exporting():
        yield
        return
    with _process.exact(), torch.autocast(device_type, enabled=False):
        yield
