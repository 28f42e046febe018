# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Finds the shipped configuration files, in an installed wheel and in a checkout."""

from pathlib import Path


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
