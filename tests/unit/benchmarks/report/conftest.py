# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Made-up folders of results."""

import csv
import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def results(tmp_path):
    """An empty folder of results."""
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


@pytest.fixture
def add_run(results):
    """Maker of a run; what is None is not written."""

    def add(data="lace", model="scadn", seed=0, metrics=(), scores=None, pictures=False, **result):
        folder = results / data / model / f"seed{seed}"
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps({"metrics": dict(metrics), **result}))
        if scores is not None:
            with (folder / "scores.csv").open("w", newline="") as file:
                csv.writer(file).writerows([("path", "gt_label", "pred_score"), *scores])
        if pictures:
            for name, height in (("examples", 4), ("extremes", 5)):
                Image.fromarray(np.full((height, 6, 3), 200, dtype=np.uint8)).save(folder / f"{name}.png")
        return folder

    return add


@pytest.fixture
def drawn_scores():
    """Maker of rows of scores of two classes that overlap, some of them equal."""

    def draw(seed=0, count=60, shift=1.0):
        generator = np.random.default_rng(seed)
        labels = np.arange(count) % 3 // 2
        values = (generator.normal(size=count) + shift * labels).round(1)
        return [(f"{label}/{index:03d}.png", int(label), float(value))
                for index, (label, value) in enumerate(zip(labels, values, strict=True))]  # fmt: skip

    return draw
