# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN where inspection happens: exported models, large images, anomalous regions."""

from .inferencer import StripedMaskInferencer
from .regions import Region, find_regions
from .result import InferenceResult

__all__ = ["InferenceResult", "Region", "StripedMaskInferencer", "find_regions"]
