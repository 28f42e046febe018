# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The subcommand ``configs``: finds the shipped configuration files, in an installed wheel and in a checkout."""

from pathlib import Path

from jsonargparse import ArgumentParser

from .console import DONE, Options


def add_configs_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``configs``.

    Args:
        parser (ArgumentParser): Parser of the subcommand.
    """
    parser.add_argument("name", nargs="?", help="Name of a configuration, say demo. Lists all if left out.")


def configs(options: Options) -> int:
    """Print the path of a shipped configuration, or of each.

    Args:
        options (Options): Values of the arguments of ``configs``, by name.

    Returns:
        int: Exit status.

    Raises:
        FileNotFoundError: If there is none of that name.
    """
    name = options["name"]
    for path in [config_path(name)] if name else sorted(config_folder().glob("*.yaml")):
        print(path)
    return DONE


def config_folder() -> Path:
    """Find the folder of the shipped configurations.

    Returns:
        Path: ``anomalib_scadn/configs`` of a wheel, or ``configs`` of a checkout.

    Raises:
        FileNotFoundError: If the package was installed without them.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "configs", package.parents[1] / "configs"):
        if folder.is_dir():
            return folder
    msg = f"no configuration files beside {package}; install anomalib-scadn from its wheel or its checkout"
    raise FileNotFoundError(msg)


def config_path(name: str) -> Path:
    """Find a shipped configuration.

    Args:
        name (str): File name in any case, with or without ``.yaml``.

    Returns:
        Path: The file.

    Raises:
        FileNotFoundError: If there is none of that name; the message lists those that there are.
    """
    folder = config_folder()
    wanted = name.removesuffix(".yaml").lower()
    for path in folder.glob("*.yaml"):
        if path.stem.lower() == wanted:
            return path
    known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
    msg = f"no configuration {name!r} in {folder}; known: {known}"
    raise FileNotFoundError(msg)
