# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scores: from reconstructions to anomaly maps and image scores.

:class:`PaperScore` is SCADN's own score (Eq. 6 to 10), :class:`CompositeScore` compares
whole repainted images. A new score is one subclass of :class:`Score` in one file.
"""

from .base import Score, ScoreOutput, as_score
from .composite import CompositeScore
from .paper import PaperScore

__all__ = ["CompositeScore", "PaperScore", "Score", "ScoreOutput", "as_score"]
