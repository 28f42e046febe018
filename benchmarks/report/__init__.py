# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One static page that shows what compared models reached and how."""

from .page import write_report

__all__ = ["write_report"]
