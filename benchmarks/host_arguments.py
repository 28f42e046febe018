# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Arguments after ``--``, which a benchmark hands on to the host."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from fingerprints import without_folders

Options = dict[str, object]
"""The host's options by name, for example ``{"model.base_channels": 8}``."""


def split_extra(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split a command line at ``--``.

    Args:
        arguments (list[str]): The command line.

    Returns:
        tuple[list[str], list[str]]: A benchmark's own arguments, and the host's.
    """
    split = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:split], arguments[split + 1 :]


def parse_options(extra: list[str]) -> Options:
    """Read the host's arguments.

    Args:
        extra (list[str]): ``--name value`` or ``--name=value``, any number of times.

    Returns:
        Options: Values by name.

    Raises:
        ValueError: If an argument has no name or no value.
    """
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


def read_arguments(parser: ArgumentParser, own_options: Iterable[str]) -> tuple[Namespace, list[str], Options]:
    """Read the command line of a benchmark.

    Args:
        parser (ArgumentParser): The benchmark's own arguments; says what is wrong with the host's.
        own_options (Iterable[str]): Options of the host that the benchmark sets itself.

    Returns:
        tuple[Namespace, list[str], Options]: The benchmark's own arguments, and the host's as given and by name.
    """
    own, extra = split_extra(sys.argv[1:])
    arguments = parser.parse_args(own)
    try:
        options = parse_options(extra)
        refuse(options, own_options)
    except ValueError as error:
        parser.error(str(error))
    return arguments, extra, options


def refuse(options: Options, own: Iterable[str]) -> None:
    """Refuse what would make a result file say another thing than what was run.

    Args:
        options (Options): Options given after ``--``.
        own (Iterable[str]): Options that the benchmark sets itself.

    Raises:
        ValueError: If one of them, or a group that holds one, was given.
    """
    own = list(own)
    for name in options:
        plain = name.replace("init_args.", "")
        if any(f"{mine}.".startswith(f"{plain}.") for mine in own) or plain == "config":
            msg = f"--{name} after -- is not for the host: this program sets {', '.join(own)} itself"
            raise ValueError(msg)


def without_paths(extra: list[str]) -> list[str]:
    """Take folders out of the host's arguments: where data lie is nobody else's business.

    Args:
        extra (list[str]): Arguments of the host.

    Returns:
        list[str]: The same with DIR in place of the folder of the data, and names in place of other paths.
    """
    hidden = []
    for before, argument in zip(["", *extra], extra, strict=False):
        name, equals, value = argument.partition("=") if argument.startswith("--") else (before, "", argument)
        value = "DIR" if value and name == "--data.root" else without_folders(value)
        hidden.append(f"{name}{equals}{value}" if argument.startswith("--") else value)
    return hidden
