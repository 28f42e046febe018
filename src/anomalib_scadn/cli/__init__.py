# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``anomalib-scadn``, the command line."""

from .main import main

__all__ = ["main"]
