# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What tiling and folder scoring need of a prediction, whichever class carries it."""

from typing import Protocol

import numpy as np
import numpy.typing as npt


class Prediction(Protocol):
    """What is known about an image or a tile of one.

    Maps may come at the model's own size (h, w); whoever needs the size of the image or the tile resizes them.
    """

    @property
    def raw_score(self) -> float:
        """Anomaly score before normalization."""

    @property
    def pred_score(self) -> float:
        """Normalized anomaly score, range [0, 1]."""

    @property
    def pred_label(self) -> bool:
        """Whether the image or tile is anomalous."""

    @property
    def selected_scale(self) -> int | None:
        """Index of the chosen scale, if known."""

    @property
    def raw_map(self) -> npt.NDArray[np.generic]:
        """Anomaly map before normalization, shape (h, w)."""

    @property
    def anomaly_map(self) -> npt.NDArray[np.generic]:
        """Normalized anomaly map, shape (h, w), range [0, 1]."""

    @property
    def pred_mask(self) -> npt.NDArray[np.generic]:
        """Mask of anomalous pixels, shape (h, w)."""

    @property
    def reconstruction(self) -> npt.NDArray[np.generic] | None:
        """Composite reconstruction, shape (h, w, 3), if it was asked for."""
