# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Normalization and thresholds as in anomalib, with a pixel threshold that does not keep every map in memory."""

from typing import Any

from anomalib.post_processing import PostProcessor

from .metrics import HistogramF1Threshold


class ScadnPostProcessor(PostProcessor):
    """anomalib's post-processor with a pixel threshold in constant memory.

    Args:
        **kwargs (Any): Arguments of anomalib's :class:`~anomalib.post_processing.PostProcessor`.

    Example:
        >>> ScadnPostProcessor(image_sensitivity=0.7).image_sensitivity
        0.7
    """

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  # anomalib's arguments
        super().__init__(**kwargs)
        self._pixel_threshold_metric = HistogramF1Threshold(strict=False)
