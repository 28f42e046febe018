# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The components that anomalib asks a model for: pre- and post-processor, metrics, visualizer; and the repair rate."""

from typing import TYPE_CHECKING

from lazy_loader import attach

if TYPE_CHECKING:
    from .defaults import DefaultComponents
    from .metrics import HistogramF1Threshold, PerImagePixelAUROC
    from .post_processor import ScadnPostProcessor
    from .pre_processor import ScadnPreProcessor
    from .repair_rate import RepairRate
    from .visualizer import ScadnVisualizer

__all__ = [
    "DefaultComponents",
    "HistogramF1Threshold",
    "PerImagePixelAUROC",
    "RepairRate",
    "ScadnPostProcessor",
    "ScadnPreProcessor",
    "ScadnVisualizer",
]

__getattr__, __dir__, _ = attach(
    __name__,
    submod_attrs={
        "defaults": ["DefaultComponents"],
        "metrics": ["HistogramF1Threshold", "PerImagePixelAUROC"],
        "post_processor": ["ScadnPostProcessor"],
        "pre_processor": ["ScadnPreProcessor"],
        "repair_rate": ["RepairRate"],
        "visualizer": ["ScadnVisualizer"],
    },
)
