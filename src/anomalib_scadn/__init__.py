# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN, the Semantic Context based Anomaly Detection Network (AAAI 2021), as an anomalib plugin.

Importing the package registers its models and data modules with anomalib. The command line alone puts that off until a
subcommand needs anomalib, which takes long to import: a graph is scored without it.
"""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from .lazy import lazy_names

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

__getattr__ = lazy_names(
    __name__,
    {
        **dict.fromkeys(("CompositeScore", "PaperScore"), "scoring"),
        **dict.fromkeys(("LaceAD", "OneClass", "SyntheticLace"), "data"),
        **dict.fromkeys(("PerImagePixelAUROC", "ScadnVisualizer"), "components"),
        "Scadn": "lightning_model",
    },
)


def _is_own_command() -> bool:
    """Whether the process is ``anomalib-scadn``, or ``python -m anomalib_scadn``, which is ``-m`` while it is found."""
    program = sys.argv[0]
    if program == "-m" and "-m" in sys.orig_argv:
        return sys.orig_argv[sys.orig_argv.index("-m") + 1] == __name__
    return Path(program).stem == "anomalib-scadn"


if not _is_own_command():
    from . import registration  # noqa: F401
