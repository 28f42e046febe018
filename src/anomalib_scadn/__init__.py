# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN, the Semantic Context based Anomaly Detection Network (AAAI 2021), as an anomalib plugin.

Importing the package registers its models and data modules with the host.
"""

from . import baselines
from .data import LaceAD, OneClass, SyntheticLace
from .lightning_model import Scadn
from .metrics import PerImagePixelAUROC
from .registration import register
from .version import __version__
from .visualization import ScadnVisualizer

__all__ = [
    "LaceAD",
    "OneClass",
    "PerImagePixelAUROC",
    "Scadn",
    "ScadnVisualizer",
    "SyntheticLace",
    "__version__",
    "baselines",
]

register()
