# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Inferencers without a model that travel to actors, and images to score."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anomalib_scadn.data.image_reading import read_file
from anomalib_scadn.deploy import InferenceResult
from anomalib_scadn.deploy.inspection.run_record import describe_run
from anomalib_scadn.deploy.inspection.score_table import read_scores


class BrightInferencer:
    """Scores an image by its brightest pixel; what is bright is anomalous."""

    tile = ignored = bit_depth = None
    batch_size = 1

    def predict_many(self, images):
        for image in images:
            try:
                pixels = read_file(image)[..., 0].astype(np.float32) / 255
            except ValueError as error:
                yield image, error
                continue
            score = float(pixels.max())
            yield image, InferenceResult(score, score, score > 0.5, pixels, pixels, pixels > 0.5, None, 0)


@pytest.fixture
def bright():
    return BrightInferencer


@pytest.fixture
def record(tmp_path):
    """Record of a run with a model file that nothing reads."""
    path = tmp_path / "model.ckpt"
    path.write_text("weights")
    return describe_run(path)


@pytest.fixture
def pictures(tmp_path):
    """Maker of a folder of grey images, every third one bright."""

    def make(count, folder="in"):
        for number in range(count):
            path = tmp_path / folder / ("a" if number % 2 else "b") / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (16 + number % 3, 12), 200 if number % 3 == 0 else 10 + number).save(path)
        return tmp_path / folder

    return make


@pytest.fixture
def plain_rows():
    """Reader of a folder's rows by path, without what differs from run to run."""

    def read(folder: Path):
        return {row.path: replace(row, seconds=0.0, picture="") for row in read_scores(folder)}

    return read
