# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Signals that end a run in order: what has come is written, and what was started is ended."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and what the system and batch schedulers send."""


@contextmanager
def signals_restored() -> Iterator[None]:
    """Give :data:`SIGNALS` back the handlers that they had.

    Yields:
        None: While they may have others.
    """
    had = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in had.items():
            _handle(number, handler or signal.SIG_DFL)


def raise_on_signals() -> None:
    """Turn :data:`SIGNALS` into KeyboardInterrupt, but for those that are ignored, as in the background of a shell."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            _handle(number, _interrupt)


def ignore_signals() -> None:
    """Ignore :data:`SIGNALS`, while what was interrupted is brought to its end."""
    for number in SIGNALS:
        _handle(number, signal.SIG_IGN)


def _handle(number: int, handler: Any) -> None:  # noqa: ANN401  # a function or a number
    if threading.current_thread() is threading.main_thread():  # no other one can
        signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
