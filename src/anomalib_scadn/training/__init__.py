# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Training that can be repeated and resumed: runs, reference values, averaged weights, the authors' weights."""
