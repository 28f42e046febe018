# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The subcommands that train: anomalib's command line with the plugin registered, and ``choose``."""

import sys
from collections.abc import Callable
from typing import Any

from anomalib.cli.cli import AnomalibCLI
from jsonargparse import ArgumentParser

from anomalib_scadn import register

from . import choose
from .anomalib_help import TypedHelpFormatter
from .benchmark import MixedBenchmark
from .console import DONE, REFUSED, Options, guarded, print_error
from .subcommands import COMMANDS

register()  # before arguments name models and data modules


class ScadnCLI(AnomalibCLI):
    """anomalib's command line, a benchmark that fails when a job fails, and ``choose``."""

    @staticmethod
    def init_parser(**kwargs: Any) -> ArgumentParser:  # noqa: ANN401  # anomalib's arguments
        """Make a parser as anomalib does, whose help names the types of arguments."""
        parser = AnomalibCLI.init_parser(**kwargs)
        parser.formatter_class = TypedHelpFormatter
        return parser

    @staticmethod
    def anomalib_subcommands() -> dict[str, dict[str, str]]:
        """List anomalib's subcommands, and ``choose``.

        Returns:
            dict[str, dict[str, str]]: Description by subcommand.
        """
        return {**AnomalibCLI.anomalib_subcommands(), "choose": {"description": COMMANDS["choose"]}}

    add_choose_arguments = staticmethod(choose.add_choose_arguments)

    def choose(self) -> None:
        """Choose a configuration without a defect."""

        def command(options: Options) -> int:
            choose.choose(options, lambda: self.parser.instantiate_classes(self.config)["choose"]["data"])
            return DONE

        status = guarded(command, self.config["choose"])
        if status:
            sys.exit(status)

    def instantiate_classes(self) -> None:
        """Make model, data and engine; an impossible argument is told in one line."""
        _in_one_line(super().instantiate_classes)

    def _run_subcommand(self) -> None:
        if self.subcommand == "benchmark":
            MixedBenchmark().run(self.config["benchmark"])
        else:
            _in_one_line(super()._run_subcommand)


def _in_one_line(step: Callable[[], None]) -> None:
    """Take a step; what files and arguments make impossible is no fault of the program, and needs no traceback."""
    try:
        step()
    except (OSError, ValueError) as error:
        print_error(error)
        sys.exit(REFUSED)
