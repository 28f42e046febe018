# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Parts of ``benchmarks/compare.py``: SCADN beside the host's models."""
