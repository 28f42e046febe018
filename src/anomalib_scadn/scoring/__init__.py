# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""From reconstructions to anomaly maps and scores.

:class:`Score` is the seam: a way of turning the reconstructions of an image into a map and a score, with what it
learns from normal images held as buffers. :class:`PaperScore` is SCADN's own (Eq. 6 to 10), :class:`CompositeScore`
compares whole repainted images. A new way is a new subclass and an entry in :func:`build_score`; what it takes from a
user are arguments there and of the Lightning class, and in :data:`~anomalib_scadn.checks.OWN_ARGUMENTS`. Networks,
inference and training stay as they are.
"""

from .base import Score, ScoreOutput
from .building import ScoreName, build_score
from .combination import Combine, Pooling
from .composite import CompositeScore, highest_scale
from .paper import Merge, PaperScore
from .perceptual import BackboneSource
from .similarity import ErrorName
from .standardization import Standardize

__all__ = [
    "BackboneSource",
    "Combine",
    "CompositeScore",
    "ErrorName",
    "Merge",
    "PaperScore",
    "Pooling",
    "Score",
    "ScoreName",
    "ScoreOutput",
    "Standardize",
    "build_score",
    "highest_scale",
]
