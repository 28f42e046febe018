# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN, the Semantic Context based Anomaly Detection Network (AAAI 2021), as an anomalib plugin.

Importing the package registers its models and data modules with anomalib. The command line alone puts that off until a
subcommand needs anomalib, which takes long to import: a graph is scored without it.
"""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from lazy_loader import attach

if TYPE_CHECKING:
    from . import baselines
    from .components import PerImagePixelAUROC, ScadnVisualizer
    from .data import LaceAD, OneClass, SyntheticLace
    from .lightning_model import Scadn
    from .scoring import CompositeScore, PaperScore

__version__ = version("anomalib-scadn")

__all__ = [
    "CompositeScore",
    "LaceAD",
    "OneClass",
    "PaperScore",
    "PerImagePixelAUROC",
    "Scadn",
    "ScadnVisualizer",
    "SyntheticLace",
    "__version__",
    "baselines",
]

__getattr__, __dir__, _ = attach(
    __name__,
    ["baselines"],
    {
        "components": ["PerImagePixelAUROC", "ScadnVisualizer"],
        "data": ["LaceAD", "OneClass", "SyntheticLace"],
        "lightning_model": ["Scadn"],
        "scoring": ["CompositeScore", "PaperScore"],
    },
)


def _is_own_command() -> bool:
    """Whether the process is ``anomalib-scadn``, or ``python -m anomalib_scadn``, which is ``-m`` while it is found.

    Processes that a subcommand starts have the environment variable ``ANOMALIB_SCADN_COMMAND``.
    """
    if "ANOMALIB_SCADN_COMMAND" in os.environ:
        return True
    program = sys.argv[0]
    if program == "-m" and "-m" in sys.orig_argv:
        return sys.orig_argv[sys.orig_argv.index("-m") + 1] == __name__
    return Path(program).stem == "anomalib-scadn"


def register() -> None:
    """Make models and data modules known to anomalib by their names.

    anomalib lists the models that have been imported; ``get_model`` imports only from a list of allowed modules, and
    ``get_datamodule`` looks names up in ``anomalib.data``.
    """
    import anomalib.data
    import anomalib.models

    from . import baselines, data, lightning_model  # noqa: F401  # anomalib lists what has been imported

    anomalib.models.ALLOWED_MODULES.update({__name__, baselines.__name__})
    for name in ("LaceAD", "OneClass", "SyntheticLace"):
        setattr(anomalib.data, name, getattr(data, name))


if not _is_own_command():
    register()
