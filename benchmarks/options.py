# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Arguments after ``--``, which a benchmark hands on to anomalib."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from provenance import without_folders

Options = dict[str, object]
"""anomalib's options by name, for example ``{"model.base_channels": 8}``."""


def split_extra(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split a command line at ``--``."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:split], arguments[split + 1 :]


def parse_options(extra: list[str]) -> Options:
    """Read anomalib's arguments."""
    pairs = iter(extra)
    options: Options = {}
    for argument in pairs:
        name, equals, value = argument.partition("=")
        value = value if equals else next(pairs, None)
        if not name.startswith("--") or value is None:
            msg = f"expected --name value after --, got {argument!r}"
            raise ValueError(msg)
        options[name.removeprefix("--")] = value
    return options


def read_arguments(parser: ArgumentParser) -> tuple[Namespace, list[str], Options]:
    """Read the command line of a benchmark; its default ``own`` names the options of anomalib that it sets itself.

    Gives the benchmark's own arguments, and anomalib's as given and by name.
    """
    own, extra = split_extra(sys.argv[1:])
    arguments = parser.parse_args(own)
    try:
        options = parse_options(extra)
        refuse(options, arguments.own)
    except ValueError as error:
        parser.error(str(error))
    return arguments, extra, options


def refuse(options: Options, own: Iterable[str]) -> None:
    """Refuse what would make a result file say another thing than what was run."""
    own = list(own)
    for name in options:
        plain = name.replace("init_args.", "")
        if any(f"{mine}.".startswith(f"{plain}.") for mine in own) or plain == "config":
            msg = f"--{name} after -- is not for anomalib: this program sets {', '.join(own)} itself"
            raise ValueError(msg)


def without_paths(extra: list[str]) -> list[str]:
    """Take folders out of anomalib's arguments: where data lie is nobody else's business."""
    hidden = []
    for before, argument in zip(["", *extra], extra, strict=False):
        name, equals, value = argument.partition("=") if argument.startswith("--") else (before, "", argument)
        value = "DIR" if value and name == "--data.root" else without_folders(value)
        hidden.append(f"{name}{equals}{value}" if argument.startswith("--") else value)
    return hidden
