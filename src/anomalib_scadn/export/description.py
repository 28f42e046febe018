# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""From a model to its description, and from a description to anomalib's post-processor."""

import math

from anomalib.post_processing import PostProcessor

from anomalib_scadn.components.post_processor import ScadnPostProcessor
from anomalib_scadn.torch_model import ScadnModel

from .metadata import Kind, Limits, Metadata


def describe(model: ScadnModel, post_processor: PostProcessor | None, kind: Kind, *, resizes: bool = True) -> Metadata:
    """Describe a model as it is now.

    Args:
        model (ScadnModel): The model.
        post_processor (PostProcessor | None): The Lightning model's; ``None`` leaves scores as they are.
        kind (Literal["full", "generator"]): What the graph will hold.
        resizes (bool): Whether raw images are resized and nothing else. Defaults to ``True``.

    Returns:
        Metadata: The description.
    """
    numbers = {} if post_processor is None else dict(post_processor.named_buffers())

    def limits(name: str) -> Limits:
        keys = (f"{name}_min", f"{name}_max", f"_{name}_threshold")
        return Limits(*(float(numbers[key]) if key in numbers else math.nan for key in keys))

    return Metadata(
        kind=kind,
        image_size=model.image_size,
        resizes=resizes,
        stripes=model.stripes,
        mask_fill=float(model.mask_fill),
        passes=model.passes,
        score=model.scorer.description,
        selects=model.scorer.selects,
        image=limits("image"),
        pixel=limits("pixel"),
        enable_normalization=bool(getattr(post_processor, "enable_normalization", False)),
        enable_thresholding=bool(getattr(post_processor, "enable_thresholding", False)),
        enable_threshold_matching=bool(getattr(post_processor, "enable_threshold_matching", False)),
        image_sensitivity=float(getattr(post_processor, "image_sensitivity", 0.5)),
        pixel_sensitivity=float(getattr(post_processor, "pixel_sensitivity", 0.5)),
    )


def to_post_processor(metadata: Metadata) -> ScadnPostProcessor:
    """Make the post-processor that metadata describe, with its limits and thresholds.

    Args:
        metadata (Metadata): The description.

    Returns:
        ScadnPostProcessor: It does what the described one does.
    """
    result = ScadnPostProcessor(
        enable_normalization=metadata.enable_normalization,
        enable_thresholding=metadata.enable_thresholding,
        enable_threshold_matching=metadata.enable_threshold_matching,
        image_sensitivity=metadata.image_sensitivity,
        pixel_sensitivity=metadata.pixel_sensitivity,
    )
    buffers = dict(result.named_buffers())
    for name, limits in (("image", metadata.image), ("pixel", metadata.pixel)):
        buffers[f"{name}_min"].fill_(limits.minimum)
        buffers[f"{name}_max"].fill_(limits.maximum)
        buffers[f"_{name}_threshold"].fill_(limits.threshold)
    return result
