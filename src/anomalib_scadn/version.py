# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The package's version, where every module can read it."""

__version__ = "0.1.0"
