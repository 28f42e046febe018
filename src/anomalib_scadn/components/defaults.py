# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Default pre- and post-processor, metrics and visualizer of every model in this package."""

from anomalib.metrics import AUROC, Evaluator, F1Score
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor
from anomalib.visualization import Visualizer

from .metrics import PerImagePixelAUROC
from .post_processor import ScadnPostProcessor
from .pre_processor import ScadnPreProcessor
from .visualizer import ScadnVisualizer


class DefaultComponents:
    """The defaults of SCADN and of the methods beside it, a base before anomalib's own.

    Example:
        >>> DefaultComponents.configure_pre_processor((32, 48)).resized_size
        (32, 48)
    """

    @staticmethod
    def configure_pre_processor(image_size: tuple[int, int] | None = None) -> PreProcessor:
        """Make the default pre-processor: resize, no normalization.

        Args:
            image_size (tuple[int, int] | None): Height and width. Defaults to ``None``, the paper's 512 x 512.

        Returns:
            PreProcessor: A :class:`~anomalib_scadn.components.pre_processor.ScadnPreProcessor`.
        """
        return ScadnPreProcessor(image_size or (512, 512))

    def configure_post_processor(self) -> PostProcessor:
        """Make the default post-processor: anomalib's, with a pixel threshold in constant memory."""
        return ScadnPostProcessor()

    @staticmethod
    def configure_evaluator() -> Evaluator:
        """Make the default evaluator: anomalib's metrics and the paper's per-image pixel AUROC."""
        return Evaluator(
            test_metrics=[
                AUROC(fields=["pred_score", "gt_label"], prefix="image_"),
                F1Score(fields=["pred_label", "gt_label"], prefix="image_"),
                AUROC(fields=["anomaly_map", "gt_mask"], prefix="pixel_", strict=False),
                F1Score(fields=["pred_mask", "gt_mask"], prefix="pixel_", strict=False),
                PerImagePixelAUROC(strict=False),
            ],
        )

    @classmethod
    def configure_visualizer(cls) -> Visualizer:
        """Make the default visualizer: anomalib's pictures and the paper's figures."""
        return ScadnVisualizer()
