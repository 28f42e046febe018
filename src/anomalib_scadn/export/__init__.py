# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Exports: the whole inference as one graph with its metadata, and the generator alone."""

from .checksum import write_checksum
from .generator import export_generator

__all__ = ["export_generator", "write_checksum"]
