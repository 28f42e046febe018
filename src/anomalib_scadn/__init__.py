# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN, the Semantic Context based Anomaly Detection Network (AAAI 2021), as an anomalib plugin.

Importing the package registers its models and data modules with anomalib: ``get_model`` imports only from a list of
allowed modules, and ``get_datamodule`` looks names up in ``anomalib.data``.
"""

import warnings
from importlib.metadata import version

with warnings.catch_warnings():
    # anomalib and timm warn of each other's old names, which no user of this package has written.
    warnings.filterwarnings("ignore", "Importing from timm.models|The anomalib.models.components.dinov2", FutureWarning)
    import anomalib.data
    import anomalib.models

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

anomalib.models.ALLOWED_MODULES.update({__name__, f"{__name__}.baselines"})
for datamodule in (LaceAD, OneClass, SyntheticLace):
    setattr(anomalib.data, datamodule.__name__, datamodule)
