# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The subcommand ``report``: its arguments, what it prints, and its exit status."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser

from anomalib_scadn.deploy.commands import DONE, guarded

from .page import write_report

Options = Mapping[str, Any]


def add_report_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``report``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    parser.add_argument(
        "results",
        type=Path,
        help="Folder of results: <data>/<model>/seed<k>/result.json, or of paper_, one_class_, ablation_NAME.json.",
    )
    parser.add_argument("--output", type=Path | None, default=None, help="HTML file. Default: RESULTS/report.html.")


def run_report(options: Options) -> int:
    """Write the report of a folder of results.

    Args:
        options (Options): Values of the arguments of ``report``, by name.

    Returns:
        int: Exit status.
    """
    return guarded(_report, options)


def _report(options: Options) -> int:
    if not options["results"].is_dir():
        msg = f"there is no folder {options['results']}; expected one with results"
        raise FileNotFoundError(msg)
    output = options["output"] or options["results"] / "report.html"
    write_report(options["results"], output)
    print(output)
    return DONE
