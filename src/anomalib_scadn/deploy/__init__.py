# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN where inspection happens: exported models, large images, folders of images."""

from .inferencer import StripedMaskInferencer
from .result import InferenceResult

__all__ = ["InferenceResult", "StripedMaskInferencer"]
