# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Exports: the whole inference as one graph with its metadata, and the generator alone."""

from typing import TYPE_CHECKING

from lazy_loader import attach

if TYPE_CHECKING:
    from .checksum import write_checksum
    from .generator import export_generator

__all__ = ["export_generator", "write_checksum"]

__getattr__, __dir__, _ = attach(
    __name__, submod_attrs={"checksum": ["write_checksum"], "generator": ["export_generator"]}
)
