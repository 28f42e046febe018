# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""An inferencer without a model, and images to score."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@dataclass(frozen=True)
class FakePrediction:
    """Bright pixels are anomalous."""

    raw_map: np.ndarray
    selected_scale: int | None = 3
    reconstruction: np.ndarray | None = None

    @property
    def raw_score(self):
        return float(self.raw_map.max())

    @property
    def pred_score(self):
        return self.raw_score / 255

    @property
    def pred_label(self):
        return self.pred_score > 0.5

    @property
    def anomaly_map(self):
        return self.raw_map / np.float32(255)

    @property
    def pred_mask(self):
        return self.anomaly_map > 0.5


class FakeInferencer:
    """Predicts one image after the other, and remembers which."""

    def __init__(self, shrink=1):
        self.seen = []
        self.shrink = shrink

    def predict_many(self, images, reconstruction=False, progress=False):
        for path in images:
            self.seen.append(Path(path))
            try:
                with Image.open(path) as file:
                    pixels = np.asarray(file.convert("L"), dtype=np.float32)
            except OSError as error:
                yield path, ValueError(f"cannot read {path}: expected an image file,\nfound: {error}")
            else:
                yield path, FakePrediction(pixels[:: self.shrink, :: self.shrink])


@pytest.fixture
def fake_inferencer():
    return FakeInferencer


@pytest.fixture
def pictures(tmp_path):
    """Folder of four images, grey and colour, the bright one anomalous."""
    folder = tmp_path / "pictures"
    for index, (name, mode, value) in enumerate(
        [("2.png", "RGB", 60), ("10.jpg", "RGB", 90), ("a/b.png", "L", 120), ("a/c.tif", "L", 200)]
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, (20 + index, 10), value if mode == "L" else (value,) * 3).save(path)
    return folder
