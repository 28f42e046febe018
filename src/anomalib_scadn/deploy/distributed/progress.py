# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Lines that say how far a long run is, few enough for a log file."""

import logging
import time
from datetime import timedelta

logger = logging.getLogger(__name__)


class Progress:
    """Counts images and says how far a run is.

    Args:
        total (int | None): Images to score; ``None`` if nobody knows, as in shards.
        start (float | None): Time at the start in seconds, of :func:`time.monotonic`. Defaults to ``None``: now.

    Attributes:
        done (int): Images that have a row.
        failed (int): How many of them have an error.
        start_seconds (float): Seconds until the first rows came: Ray starts, and actors load the model.
    """

    def __init__(self, total: int | None, start: float | None = None) -> None:
        self.total = total
        self.done = self.failed = 0
        self.start_seconds = 0.0
        self._start = time.monotonic() if start is None else start

    def add(self, done: int, failed: int, now: float | None = None) -> None:
        """Count images.

        Args:
            done (int): Images that were scored.
            failed (int): How many of them have an error.
            now (float | None): Time in seconds, of :func:`time.monotonic`. Defaults to ``None``: now.
        """
        if not self.done:
            self.start_seconds = (time.monotonic() if now is None else now) - self._start
        self.done += done
        self.failed += failed

    def line(self, now: float) -> str:
        """Say how far the run is. Its speed is that since the first rows.

        Args:
            now (float): Time in seconds, of :func:`time.monotonic`.

        Returns:
            str: Say ``"1200 of 60000 images, 12 per second, 1:21:40 remaining, 3 failed"``.
        """
        rate = self.done / max(now - self._start - self.start_seconds, 1e-9)
        parts = [f"{self.done} images" if self.total is None else f"{self.done} of {self.total} images"]
        parts.append(f"{rate:.3g} per second")
        if self.total is not None and self.done:
            parts.append(f"{timedelta(seconds=round((self.total - self.done) / rate))} remaining")
        return ", ".join([*parts, f"{self.failed} failed"])

    def say(self) -> None:
        """Log how far the run is."""
        logger.info("%s", self.line(time.monotonic()))
