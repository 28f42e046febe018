# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``anomalib-scadn``: the host's whole command line, with the plugin registered."""

import sys

from anomalib.cli.cli import AnomalibCLI
from anomalib.loggers import configure_logger
from jsonargparse import ArgumentParser

from .benchmark import MixedBenchmark
from .config_files import config_folder, config_path


class ScadnCLI(AnomalibCLI):
    """The host's command line, a benchmark that fails when a job fails, and ``configs``."""

    @staticmethod
    def anomalib_subcommands() -> dict[str, dict[str, str]]:
        """List the host's subcommands and the plugin's.

        Returns:
            dict[str, dict[str, str]]: Description by subcommand.
        """
        own = {"configs": {"description": "Print where a shipped configuration is, or list them."}}
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

    def _run_subcommand(self) -> None:
        if self.subcommand == "benchmark":
            MixedBenchmark().run(self.config["benchmark"])
        else:
            super()._run_subcommand()


def main() -> None:
    """Run the command line."""
    configure_logger()
    ScadnCLI()
