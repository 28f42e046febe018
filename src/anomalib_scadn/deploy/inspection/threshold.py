# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A threshold: chosen from the scores of good parts for a rate of false alarms, written, and read by ``score``.

Order statistics tell what few images can promise: the rate of good parts above the (m + 1)-th highest of n good scores
has the distribution Beta(m + 1, n - m), whatever the distribution of the scores is (David and Nagaraja 2003).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from scipy.special import betaincinv

from anomalib_scadn.files import write_whole

from .run_record import SCORED_WITH, Record, differing

THRESHOLD = "threshold.json"
"""Name of the file in a folder of results."""

CERTAINTY = 0.9
"""Probability that a rate lies in its interval."""

Kind = Literal["raw", "normalized"]


@dataclass(frozen=True)
class Threshold:
    """A score above which an image is anomalous.

    Args:
        kind (Literal["raw", "normalized"]): Which score is compared, ``raw_score`` or ``pred_score``.
        value (float): The threshold.

    Raises:
        ValueError: If the kind is unknown, or the value is not finite or no normalized score.
    """

    kind: Kind
    value: float

    def __post_init__(self) -> None:
        """Check the values."""
        in_range = math.isfinite(self.value) if self.kind == "raw" else 0 <= self.value <= 1
        if self.kind not in get_args(Kind) or not in_range:
            msg = f"a threshold must be raw:NUMBER, or normalized:NUMBER from 0 to 1, got {self.kind}:{self.value}"
            raise ValueError(msg)

    def label(self, raw_score: float, pred_score: float | None) -> bool:
        """Decide on an image.

        Args:
            raw_score (float): Score before normalization.
            pred_score (float | None): Normalized score; none if the model was never validated.

        Returns:
            bool: Whether it is anomalous.

        Raises:
            ValueError: If a normalized score is needed and there is none.
        """
        self.check(normalized=pred_score is not None)
        score = pred_score if self.kind == "normalized" and pred_score is not None else raw_score
        return score > self.value

    def check(self, *, normalized: bool) -> None:
        """Raise unless the score that is compared is there.

        Args:
            normalized (bool): Whether there are normalized scores.

        Raises:
            ValueError: If they are needed and there are none.
        """
        if self.kind == "normalized" and not normalized:
            msg = f"a threshold of normalized:{self.value:g} needs a model that was validated, expected raw:NUMBER"
            raise ValueError(msg)


@dataclass(frozen=True)
class Choice:
    """A raw threshold and what it promises.

    Args:
        raw_score (float): The threshold.
        good (int): n, good images that it was chosen from.
        above (int): m, how many of them lie above it; fewer where several are level with it.
        expected_rate (float): Expected rate of false alarms among further images, (m + 1) / (n + 1).
        lowest_rate (float): Lower end of the rate's interval.
        highest_rate (float): Upper end.
    """

    raw_score: float
    good: int
    above: int
    expected_rate: float
    lowest_rate: float
    highest_rate: float


def read_rate(text: str) -> Fraction:
    """Read a rate of false alarms.

    Args:
        text (str): Say ``"2/1000"`` or ``"0.002"``.

    Returns:
        Fraction: Range (0, 1).

    Raises:
        ValueError: If it is no such rate.
    """
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate < 1:
        msg = f"false_alarms must be a rate between 0 and 1, say 2/1000, got {text}"
        raise ValueError(msg)
    return rate


def choose_threshold(good_scores: Sequence[float], rate: Fraction | None = None) -> Choice:
    """Choose a threshold for a rate of false alarms.

    Args:
        good_scores (Sequence[float]): Raw scores of n good images.
        rate (Fraction | None): Highest expected rate. Defaults to ``None``: the lowest that n images allow, 1 in n + 1.

    Returns:
        Choice: The lowest of their scores that is expected to keep the rate.

    Raises:
        ValueError: If there are no scores, one is not finite, or there are too few for the rate; the message says how
            many are needed.
    """
    count = len(good_scores)
    if not count:
        msg = "a threshold needs scores of good images, got none"
        raise ValueError(msg)
    if not all(math.isfinite(score) for score in good_scores):
        msg = f"scores of good images must be finite, got {next(s for s in good_scores if not math.isfinite(s))}"
        raise ValueError(msg)
    above = 0 if rate is None else math.floor(rate * (count + 1)) - 1
    if rate is not None and above < 0:
        msg = (
            f"{count} good images cannot promise {rate.numerator} false alarm{'s' * (rate.numerator > 1)} in "
            f"{rate.denominator}: expected at least {math.ceil(1 / rate) - 1} images, or --false_alarms 1/{count + 1}, "
            "the lowest rate that so many allow"
        )
        raise ValueError(msg)
    # The rate of further images above the threshold is distributed as Beta(m + 1, n - m).
    interval = betaincinv(above + 1, count - above, [(1 - CERTAINTY) / 2, (1 + CERTAINTY) / 2])
    value = sorted(good_scores, reverse=True)[above]
    return Choice(float(value), count, above, (above + 1) / (count + 1), *(float(end) for end in interval))


def write_threshold(path: Path, choice: Choice, record: Record) -> None:
    """Write a threshold.

    Args:
        path (Path): File to write.
        choice (Choice): The threshold and its promise.
        record (Record): That of the run that made the scores.

    Raises:
        OSError: If the file cannot be written.
    """
    write_whole(path, (json.dumps({**asdict(choice), **_made_with(record)}, indent=2) + "\n").encode())


def read_threshold(text: str, record: Record) -> Threshold:
    """Read a threshold as a user gives it.

    Args:
        text (str): ``"raw:VALUE"``, ``"normalized:VALUE"``, or a file that :func:`write_threshold` wrote.
        record (Record): That of the run that will score.

    Returns:
        Threshold: The threshold.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no threshold, or that of another model or of other options.
    """
    kind, colon, number = text.partition(":")
    if colon and kind in get_args(Kind):
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            return Threshold("raw" if kind == "raw" else "normalized", value)
    path = Path(text)
    if path.suffix != ".json":
        msg = f"threshold must be raw:NUMBER, normalized:NUMBER or a file {THRESHOLD}, got {text}"
        raise ValueError(msg)
    if not path.is_file():
        msg = f"no such file: {path}; expected a threshold that `anomalib-scadn threshold` has written"
        raise FileNotFoundError(msg)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        value, found = float(content["raw_score"]), _made_with(content)
        chosen = Threshold("raw", value)
    except (ValueError, TypeError, KeyError) as error:
        msg = f"cannot read {path}: expected a threshold that `anomalib-scadn threshold` has written, found: {error!r}"
        raise ValueError(msg) from error
    for name in differing(found, _made_with(record)):
        msg = f"{path} was chosen from scores with other {name}; expected one of the same model and options"
        raise ValueError(msg)
    return chosen


def _made_with(record: Record) -> Record:
    return {name: record.get(name) for name in SCORED_WITH}
