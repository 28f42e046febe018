# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The subcommands ``threshold`` and ``report``: from scores to decisions."""

from pathlib import Path

from jsonargparse import ArgumentParser

from anomalib_scadn.deploy.inspection.labels import gt_labels
from anomalib_scadn.deploy.inspection.report import REPORT, write_report
from anomalib_scadn.deploy.inspection.run_record import lock_folder, read_record
from anomalib_scadn.deploy.inspection.score_table import read_scores
from anomalib_scadn.deploy.inspection.threshold import (
    CERTAINTY,
    THRESHOLD,
    Choice,
    choose_threshold,
    read_rate,
    write_threshold,
)

from .console import DONE, Options
from .scoring import add_pixel_limit, set_pixel_limit


def add_threshold_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``threshold``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    _add_common_arguments(parser)
    parser.add_argument(
        "--false_alarms",
        type=str | None,
        default=None,
        help="Highest expected rate of good parts above the threshold, say 2/1000. "
        "Default: the lowest that the number of good images allows.",
    )


def add_report_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``report``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    _add_common_arguments(parser)
    add_pixel_limit(parser)


def _add_common_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("results", type=Path, help="Folder of results of `score` or `score-many`.")
    parser.add_argument(
        "--good",
        type=str | None,
        default=None,
        help="Folder of good images as in the column path, '.' for all. Default: folders called good.",
    )


def threshold(options: Options) -> int:
    """Choose a threshold from the scores of good images, and write it.

    Args:
        options (Options): Values of the arguments of ``threshold``, by name.

    Returns:
        int: Exit status.

    Raises:
        FileNotFoundError: If the folder holds no results.
        ValueError: If there are no good images, or too few for the rate.
    """
    results: Path = options["results"]
    rate = None if options["false_alarms"] is None else read_rate(options["false_alarms"])
    record = read_record(results)
    rows = [row for row in read_scores(results) if not row.error]
    labels = gt_labels([row.path for row in rows], options["good"])
    good, bad = (
        [row.raw_score for row, found in zip(rows, labels, strict=True) if found == label and row.raw_score is not None]
        for label in (0, 1)
    )
    if not good:
        msg = (
            f"{results} has no scores of images in a folder good: name the folder of good images below "
            f"{record.get('input')} with --good, or '.' if all are"
        )
        raise ValueError(msg)
    choice = choose_threshold(good, rate)
    with lock_folder(results):
        write_threshold(results / THRESHOLD, choice, record)
    print(_describe(choice, bad))
    print(f"score with it: --threshold {results / THRESHOLD}")
    return DONE


def report(options: Options) -> int:
    """Write the page on a folder of results.

    Args:
        options (Options): Values of the arguments of ``report``, by name.

    Returns:
        int: Exit status.

    Raises:
        FileNotFoundError: If the folder holds no results.
    """
    set_pixel_limit(options)
    size = write_report(options["results"], options["good"], progress=True)
    print(f"{options['results'] / REPORT}: {size / 1e6:.1f} MB, one file that can be sent")
    return DONE


def _describe(choice: Choice, bad: list[float]) -> str:
    certain = f"{CERTAINTY:.0%} certain"
    lines = [
        f"threshold raw:{choice.raw_score!r}, from {choice.good} good images, at most {choice.above} of them above it",
        f"expected false alarms among further good parts: {choice.expected_rate:.2%}, "
        f"{certain} between {choice.lowest_rate:.2%} and {choice.highest_rate:.2%}",
    ]
    if bad:
        from scipy import stats  # takes longer to import than all the rest

        missed = sum(score <= choice.raw_score for score in bad)
        interval = stats.binomtest(missed, len(bad)).proportion_ci(CERTAINTY)
        lines.append(
            f"missed: {missed} of {len(bad)} images in other folders, {missed / len(bad):.2%}, "
            f"{certain} between {interval.low:.2%} and {interval.high:.2%}"
        )
    return "\n".join(lines)
