# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The methods that the SCADN paper compares with (Tables 1 to 3), as anomalib models beside SCADN.

Written from the papers; each module names its source and what it leaves open. Importing ``anomalib_scadn`` makes them
known to the host.
"""

from anomalib_scadn.baselines.alocc import Alocc, AloccD, AloccDR
from anomalib_scadn.baselines.base import Baseline
from anomalib_scadn.baselines.dae import Dae
from anomalib_scadn.baselines.mem_ae import MemAe
from anomalib_scadn.baselines.ocgan import Ocgan

__all__ = ["Alocc", "AloccD", "AloccDR", "Baseline", "Dae", "MemAe", "Ocgan"]
