# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``anomalib-scadn``: the host's whole command line, with the plugin registered."""

import logging
import sys

from anomalib.cli.cli import AnomalibCLI
from anomalib.loggers import configure_logger
from jsonargparse import ArgumentParser

from .benchmark import MixedBenchmark
from .config_files import config_folder, config_path
from .deploy import commands
from .report.commands import add_report_arguments, run_report


class ScadnCLI(AnomalibCLI):
    """The host's command line, a benchmark that fails when a job fails, and the plugin's own subcommands."""

    @staticmethod
    def anomalib_subcommands() -> dict[str, dict[str, str]]:
        """List the host's subcommands and the plugin's.

        Returns:
            dict[str, dict[str, str]]: Description by subcommand.
        """
        own = {
            "configs": {"description": "Print where a shipped configuration is, or list them."},
            "score": {"description": "Score a folder of images with a trained or exported model."},
            "crop": {"description": "Cut large camera images into patches in the layout of LaceAD."},
            "report": {"description": "Show the results of compared models on one HTML page."},
        }
        return {**AnomalibCLI.anomalib_subcommands(), **own}

    @staticmethod
    def add_configs_arguments(parser: ArgumentParser) -> None:
        """Add the arguments of ``configs``."""
        parser.add_argument("name", nargs="?", help="Name of a configuration, say demo. Lists all if left out.")

    def configs(self) -> None:
        """Print the path of a shipped configuration, or of each."""
        name = self.config["configs"]["name"]
        try:
            paths = [config_path(name)] if name else sorted(config_folder().glob("*.yaml"))
        except FileNotFoundError as error:
            sys.exit(f"error: {error}")
        for path in paths:
            print(path)

    @staticmethod
    def add_score_arguments(parser: ArgumentParser) -> None:
        """Add the arguments of ``score``."""
        commands.add_score_arguments(parser)

    def score(self) -> None:
        """Score a folder of images."""
        self._exit(commands.run_score(self.config["score"]))

    @staticmethod
    def add_crop_arguments(parser: ArgumentParser) -> None:
        """Add the arguments of ``crop``."""
        commands.add_crop_arguments(parser)

    def crop(self) -> None:
        """Cut camera images into patches."""
        self._exit(commands.run_crop(self.config["crop"]))

    @staticmethod
    def add_report_arguments(parser: ArgumentParser) -> None:
        """Add the arguments of ``report``."""
        add_report_arguments(parser)

    def report(self) -> None:
        """Write the page of a folder of results."""
        self._exit(run_report(self.config["report"]))

    @staticmethod
    def _exit(status: int) -> None:
        if status:
            sys.exit(status)

    def _run_subcommand(self) -> None:
        if self.subcommand == "benchmark":
            MixedBenchmark().run(self.config["benchmark"])
        else:
            super()._run_subcommand()


def main() -> None:
    """Run the command line."""
    # Other commands read what `configs` prints, so the host's greetings must not get into it.
    configure_logger(logging.WARNING if sys.argv[1:2] == ["configs"] else logging.INFO)
    ScadnCLI()
