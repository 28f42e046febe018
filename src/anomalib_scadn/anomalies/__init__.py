# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Synthetic anomalies, drawn into normal images; not in the paper.

An anomaly has a shape and a filling: other pixels show through an opaque or half transparent stencil. Everything random
comes from one generator on the CPU, so a seed gives the same anomalies on every device.

Sources: patches of other images, NSA (Schlüter et al. 2022) and CutPaste (Li et al. 2021); shapes from smooth noise and
opacities, DRAEM (Zavrtanik et al. 2021).
"""

from .drawing import Anomalies, draw_anomalies
from .fillings import FILLINGS, Filling
from .shapes import SHAPES, Shape

__all__ = ["FILLINGS", "SHAPES", "Anomalies", "Filling", "Shape", "draw_anomalies"]
