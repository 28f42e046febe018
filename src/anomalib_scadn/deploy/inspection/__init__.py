# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Folders of results: scores, regions and pictures of many images, and what is decided from them."""
