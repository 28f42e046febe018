# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scoring beyond one process and one machine, on Ray Data: images from many places, actors, and parts in Parquet.

Needs the extra ``[distributed]``. Ray is imported in ``run`` and ``session`` alone, and pyarrow where Parquet or
storage in a network is read, each in the function that needs it.
"""
