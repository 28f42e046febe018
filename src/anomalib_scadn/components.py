# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What every model here comes with unless told otherwise: pre- and post-processing, metrics, pictures."""

from anomalib.metrics import AUROC, Evaluator, F1Score
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor
from anomalib.visualization import Visualizer

from .metrics import PerImagePixelAUROC
from .post_processor import ScadnPostProcessor
from .pre_processor import ScadnPreProcessor
from .visualization import ScadnVisualizer


class DefaultComponents:
    """The defaults of SCADN and of the methods beside it, a base before the host's own."""

    @staticmethod
    def configure_pre_processor(image_size: tuple[int, int] | None = None) -> PreProcessor:
        """Make the default pre-processor: resize, no normalization.

        Args:
            image_size (tuple[int, int] | None): Height and width. Defaults to ``None``, the paper's 512 x 512.

        Returns:
            PreProcessor: A :class:`~anomalib_scadn.pre_processor.ScadnPreProcessor`.
        """
        return ScadnPreProcessor(image_size or (512, 512))

    def configure_post_processor(self) -> PostProcessor:
        """Make the default post-processor: the host's, with a pixel threshold in constant memory."""
        return ScadnPostProcessor()

    @staticmethod
    def configure_evaluator() -> Evaluator:
        """Make the default evaluator: the host's metrics and the paper's per-image pixel AUROC."""
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
        """Make the default visualizer: the host's pictures and the paper's figures."""
        return ScadnVisualizer()
