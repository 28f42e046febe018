# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Normalization and thresholds as the host's, with a pixel threshold that does not keep every map in memory."""

from anomalib.post_processing import PostProcessor

from .metrics import HistogramF1Threshold


class ScadnPostProcessor(PostProcessor):
    """The host's post-processor with a pixel threshold in constant memory.

    Args:
        enable_normalization (bool): As the host's. Defaults to ``True``.
        enable_thresholding (bool): As the host's. Defaults to ``True``.
        enable_threshold_matching (bool): As the host's. Defaults to ``True``.
        image_sensitivity (float): As the host's, range [0, 1]. Defaults to ``0.5``.
        pixel_sensitivity (float): As the host's, range [0, 1]. Defaults to ``0.5``.
    """

    def __init__(
        self,
        enable_normalization: bool = True,  # the host's own signature
        enable_thresholding: bool = True,
        enable_threshold_matching: bool = True,
        image_sensitivity: float = 0.5,
        pixel_sensitivity: float = 0.5,
    ) -> None:
        super().__init__(
            enable_normalization=enable_normalization,
            enable_thresholding=enable_thresholding,
            enable_threshold_matching=enable_threshold_matching,
            image_sensitivity=image_sensitivity,
            pixel_sensitivity=pixel_sensitivity,
        )
        self._pixel_threshold_metric = HistogramF1Threshold(strict=False)
