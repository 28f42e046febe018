# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN, the Semantic Context based Anomaly Detection Network (AAAI 2021), as an anomalib plugin.

Importing the package registers its model and data modules with the host.
"""

from .data import LaceAD, SyntheticLace
from .lightning_model import Scadn
from .metrics import PerImagePixelAUROC
from .registration import register
from .visualization import ScadnVisualizer

__version__ = "0.1.0"
__all__ = ["LaceAD", "PerImagePixelAUROC", "Scadn", "ScadnVisualizer", "SyntheticLace"]

register()
