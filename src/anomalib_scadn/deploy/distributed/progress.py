# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Lines that say how far a long run is, few enough for a log file."""

import logging
import time
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

logger = logging.getLogger(__name__)

MOST_NAMED = 10
"""Failed images that are named while a run goes on; the table has all."""

MOST_KINDS = 1000
"""Different errors that are counted."""


class Progress:
    """Counts images and says how far a run is.

    Args:
        total (int | None): Images to score; ``None`` if nobody knows, as in shards.
        start (float | None): Time at the start in seconds, of :func:`time.monotonic`. Defaults to ``None``: now.

    Attributes:
        done (int): Images that have a row.
        failed (int): How many of them have an error.
        anomalous (int | None): How many of them are labelled so; ``None`` if none has a label.
        start_seconds (float): Seconds until the first rows came: Ray starts, and actors load the model.
    """

    def __init__(self, total: int | None, start: float | None = None) -> None:
        self.total = total
        self.done = self.failed = 0
        self.anomalous: int | None = None
        self.start_seconds = 0.0
        self._start = time.monotonic() if start is None else start
        self._kinds: Counter[str] = Counter()

    def add(
        self, done: int, failed: Iterable[tuple[str, str]] = (), anomalous: int | None = None, now: float | None = None
    ) -> None:
        """Count images, and log the first :data:`MOST_NAMED` that failed.

        Args:
            done (int): Images that have a row.
            failed (Iterable[tuple[str, str]]): Paths and errors of those that failed.
            anomalous (int | None): Those that are labelled so; ``None`` without labels.
            now (float | None): Time in seconds, of :func:`time.monotonic`. Defaults to ``None``: now.
        """
        if not self.done:
            self.start_seconds = (time.monotonic() if now is None else now) - self._start
        self.done += done
        if anomalous is not None:
            self.anomalous = (self.anomalous or 0) + anomalous
        for path, error in failed:
            self.failed += 1
            if self.failed <= MOST_NAMED:
                logger.warning("%s failed: %s", path, error)
            kind = error.replace(path, "...")
            if kind in self._kinds or len(self._kinds) < MOST_KINDS:
                self._kinds[kind] += 1

    def say_errors(self) -> None:
        """Log what most images failed of, if not all of them were named."""
        if self.failed > MOST_NAMED:
            for kind, count in self._kinds.most_common(3):
                logger.warning("%d of %d failed images: %s", count, self.failed, kind)

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
