# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""An inferencer without a model, and images to score."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anomalib_scadn.deploy import InferenceResult


def fake_result(pixels):
    """Make the result of an image whose bright pixels are anomalous."""
    raw_map = pixels.astype(np.float32)
    anomaly_map = raw_map / np.float32(255)
    score = float(raw_map.max())
    return InferenceResult(score, score / 255, score > 127.5, anomaly_map, raw_map, anomaly_map > 0.5, None, 3)


class FakeInferencer:
    """Predicts one image after the other, and remembers which."""

    tile = ignored = bit_depth = None
    batch_size = 1

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
                yield path, fake_result(pixels[:: self.shrink, :: self.shrink])


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
