# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Whether validation has fitted the limits and thresholds of anomalib's post-processor.

anomalib returns raw values where they are missing, and compares these with the threshold of normalized ones.
"""

import logging
import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from anomalib.post_processing import PostProcessor

logger = logging.getLogger(__name__)

VALUES = {"image": "pred_score", "pixel": "anomaly_map"}
"""Output that is normalized, by the beginning of the names of its limits."""

DECISIONS = {"image": "pred_label", "pixel": "pred_mask"}
"""Output that the threshold of the normalized one makes."""

Fitted: TypeAlias = "PostProcessor | SimpleNamespace | None"
"""anomalib's post-processor, or what has its limits and thresholds as plain numbers under the same names."""

UNFITTED = "was never validated, so there are raw scores and raw maps only, no labels and no masks"
ADVICE = (
    "Let validation run in training (val_split_mode of the data; check_val_every_n_epoch, val_check_interval and "
    "limit_val_batches of the trainer), or call Engine.validate and save the model again"
)


def fitted_outputs(post_processor: Fitted) -> set[str]:
    """Name the outputs whose limits and thresholds validation has fitted.

    Args:
        post_processor (Fitted): As anomalib's; without normalization its thresholds mean nothing.

    Returns:
        set[str]: Names among those of :data:`VALUES` and :data:`DECISIONS`; a decision needs its value.
    """
    found: set[str] = set()
    if not getattr(post_processor, "enable_normalization", False):
        return found
    for level, value in VALUES.items():
        low, high, threshold = (
            float(getattr(post_processor, f"{level}_{name}", math.nan)) for name in ("min", "max", "threshold")
        )
        if math.isfinite(low) and math.isfinite(high):
            found |= {value} if math.isnan(threshold) else {value, DECISIONS[level]}
    return found


def is_validated(post_processor: Fitted) -> bool:
    """Tell whether validation has fitted what normalizes image scores, or nothing does.

    Args:
        post_processor (Fitted): As anomalib's.

    Returns:
        bool: Whether scores are as the post-processor was asked for.
    """
    normalizes = getattr(post_processor, "enable_normalization", False)
    return not normalizes or VALUES["image"] in fitted_outputs(post_processor)


def warn_if_never_validated(post_processor: Fitted, what: object = "The model") -> None:
    """Warn if scores will be raw though they were to be normalized.

    Args:
        post_processor (Fitted): As anomalib's.
        what (object): The model or its file, for the message. Defaults to ``"The model"``.
    """
    if not is_validated(post_processor):
        logger.warning("%s %s. %s.", what, UNFITTED, ADVICE)
