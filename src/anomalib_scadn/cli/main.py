# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``anomalib-scadn``: anomalib's whole command line with the plugin registered, and subcommands of its own.

A subcommand imports what it needs: help, ``configs`` and the scoring of a graph neither anomalib nor torch.
"""

import logging
import sys
from collections.abc import Sequence
from importlib import import_module

from .console import configure_console, filter_warnings, guarded
from .subcommands import ANOMALIB, COMMANDS, MODULES, PROGRAM, list_commands


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        arguments (Sequence[str] | None): Arguments. Defaults to ``None``: those of the process.

    Raises:
        SystemExit: With a status other than 0 if the command fails, with 0 after help.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    command = arguments[0] if arguments else ""
    filter_warnings()
    if command in MODULES:
        _run(command, arguments[1:])
    elif command in {*ANOMALIB, *COMMANDS} or (command.startswith("-") and command not in ("-h", "--help")):
        from .anomalib_cli import ScadnCLI

        configure_console(logging.INFO)
        ScadnCLI(arguments)
    else:
        list_commands().parse_args(arguments[:1])


def _run(name: str, arguments: Sequence[str]) -> None:
    """Run a subcommand that needs no parser of anomalib's."""
    from jsonargparse import ActionConfigFile, ArgumentParser

    from .help import PlainHelpFormatter

    module, function = import_module(f".{MODULES[name]}", __package__), name.replace("-", "_")
    parser = ArgumentParser(prog=f"{PROGRAM} {name}", description=COMMANDS[name], formatter_class=PlainHelpFormatter)
    parser.add_argument("-c", "--config", action=ActionConfigFile, help="Configuration file in json or yaml format.")
    getattr(module, f"add_{function}_arguments")(parser)
    options = parser.parse_args(list(arguments))
    configure_console(logging.INFO)
    status = guarded(getattr(module, function), options.as_dict())
    if status:
        sys.exit(status)
