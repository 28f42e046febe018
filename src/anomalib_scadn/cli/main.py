# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``anomalib-scadn``: anomalib's whole command line, with the plugin registered."""

import logging
import sys
from collections.abc import Callable
from typing import Any

from anomalib.cli.cli import AnomalibCLI
from jsonargparse import ArgumentParser

from . import choose, commands, decide, score_many
from .benchmark import MixedBenchmark
from .configs import config_folder, config_path
from .console import configure_console, print_error
from .help import TypedHelpFormatter


class ScadnCLI(AnomalibCLI):
    """anomalib's command line, a benchmark that fails when a job fails, and the plugin's own subcommands."""

    @staticmethod
    def init_parser(**kwargs: Any) -> ArgumentParser:  # noqa: ANN401  # anomalib's arguments
        """Make a parser as anomalib does, whose help names the types of arguments."""
        parser = AnomalibCLI.init_parser(**kwargs)
        parser.formatter_class = TypedHelpFormatter
        return parser

    @staticmethod
    def anomalib_subcommands() -> dict[str, dict[str, str]]:
        """List anomalib's subcommands and the plugin's.

        Returns:
            dict[str, dict[str, str]]: Description by subcommand.
        """
        own = {
            "configs": {"description": "Print where a shipped configuration is, or list them."},
            "score": {"description": "Score a folder of images with a trained or exported model."},
            "score-many": {"description": "Score images that are too many for one process, on Ray."},
            "threshold": {"description": "Choose a threshold for a rate of false alarms from scores of good parts."},
            "report": {"description": "Write one page to decide on from a folder of results."},
            "choose": {"description": "Train configurations, and choose one without a defect."},
            "anomalies": {"description": "Draw a sheet of synthetic anomalies into images."},
            "crop": {"description": "Cut large camera images into patches in the layout of LaceAD."},
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

    add_score_arguments = staticmethod(commands.add_score_arguments)
    add_score_many_arguments = staticmethod(score_many.add_score_many_arguments)
    add_crop_arguments = staticmethod(commands.add_crop_arguments)
    add_anomalies_arguments = staticmethod(commands.add_anomalies_arguments)
    add_threshold_arguments = staticmethod(decide.add_threshold_arguments)
    add_report_arguments = staticmethod(decide.add_report_arguments)
    add_choose_arguments = staticmethod(choose.add_choose_arguments)

    def score(self) -> None:
        """Score a folder of images."""
        self._run(commands.score)

    def score_many(self) -> None:
        """Score images on Ray."""
        self._run(score_many.run)

    def threshold(self) -> None:
        """Choose a threshold."""
        self._run(decide.threshold)

    def report(self) -> None:
        """Write a report."""
        self._run(decide.report)

    def crop(self) -> None:
        """Cut camera images into patches."""
        self._run(commands.crop)

    def anomalies(self) -> None:
        """Draw a sheet of synthetic anomalies."""
        self._run(commands.anomalies)

    def choose(self) -> None:
        """Choose a configuration without a defect."""

        def command(options: commands.Options) -> int:
            choose.choose(options, lambda: self.parser.instantiate_classes(self.config)["choose"]["data"])
            return commands.DONE

        self._run(command)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever is asked for
        """Find what belongs to a subcommand whose name has a hyphen."""
        if "-" in name:
            return getattr(self, name.replace("-", "_"))
        msg = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(msg)

    def _run(self, command: Callable[[commands.Options], int]) -> None:
        status = commands.guarded(command, self.config[self.subcommand])
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
        sys.exit(commands.REFUSED)


def main() -> None:
    """Run the command line."""
    # Other commands read what `configs` prints, so greetings must not get into it.
    configure_console(logging.WARNING if sys.argv[1:2] == ["configs"] else logging.INFO)
    ScadnCLI()
