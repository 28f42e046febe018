# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Packages whose names are imported when they are asked for (SPEC 1 of Scientific Python; PEP 562).

torch and anomalib take long to import, and a full graph is run without them. It needs modules of packages whose other
modules need them.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package.

    Args:
        package (str): Name of the package.
        modules (Mapping[str, str]): Module below the package that a name is imported from, by name.

    Returns:
        Callable[[str], Any]: Imports a name; raises an :class:`AttributeError` if it is none of the package's.

    Example:
        >>> lazy_names("anomalib_scadn", {"check_seed": "checks"})("check_seed")(1)
    """

    def find(name: str) -> Any:  # noqa: ANN401  # whatever a package holds
        if name not in modules:
            msg = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return find
