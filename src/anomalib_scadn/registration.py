# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Registration with anomalib, by importing this module.

anomalib lists the models that have been imported; ``get_model`` imports only from a list of allowed modules, and
``get_datamodule`` looks names up in ``anomalib.data``.
"""

import anomalib.data
import anomalib.models

from . import baselines, lightning_model  # noqa: F401  # anomalib lists what has been imported
from .data import LaceAD, OneClass, SyntheticLace

anomalib.models.ALLOWED_MODULES.update({__package__, baselines.__name__})
for datamodule in (LaceAD, OneClass, SyntheticLace):
    setattr(anomalib.data, datamodule.__name__, datamodule)
