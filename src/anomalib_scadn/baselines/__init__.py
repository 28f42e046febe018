# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The methods that the SCADN paper compares with (Tables 1 to 3), as anomalib models beside SCADN.

Written from the papers; each module names its source and what it leaves open. Importing ``anomalib_scadn`` makes them
known to anomalib.
"""

from .alocc import AloccD, AloccDR
from .base import Baseline
from .dae import Dae
from .mem_ae import MemAe
from .ocgan import Ocgan

__all__ = ["AloccD", "AloccDR", "Baseline", "Dae", "MemAe", "Ocgan"]
