# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What ``score-many`` sends to actors, without Ray: a model that gives the scores of ``score``, found from anywhere."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from anomalib_scadn.cli import score_many
from anomalib_scadn.cli.main import main
from tolerances import generator_rounding

pytest.importorskip("pyarrow")
pytest.importorskip("ray")


@pytest.fixture
def loader(exported, image_folders, tmp_path, monkeypatch):
    """Give what loads the model in an actor, as it arrives there."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.eye(32, dtype=np.uint8) * 255).save("mask.png")

    def make(kind, *options):
        sent = []

        def receive(source, target, record, workers, *more, **named):
            sent.append(pickle.dumps(workers.load))
            return SimpleNamespace(done=0, failed=0, anomalous=None)

        monkeypatch.setattr(score_many.run, "score_many", receive)
        folder = str(image_folders["same"])
        main(["score-many", "--model", str(exported.files[kind]), "--input", folder, "--output", "out", *options])
        return pickle.loads(sent[0])  # noqa: S301

    return make


@pytest.mark.parametrize("kind", ["checkpoint", "onnx", "openvino"])
def test_an_actor_gives_the_scores_of_the_plain_inferencer(exported, image_folders, loader, kind):
    images = sorted(image_folders["same"].iterdir())
    found = [result for _, result in loader(kind)().predict_many(images)]
    for result, expected in zip(found, exported.predict(kind, images), strict=True):
        # Threads may add up in another order.
        bound = generator_rounding(base_channels=2)
        np.testing.assert_allclose(result.raw_map, expected.raw_map, rtol=0, atol=bound)
        assert result.pred_score == pytest.approx(expected.pred_score, abs=1e-4)
        assert result.pred_label == expected.pred_label


def test_the_file_of_what_is_ignored_is_found_from_another_folder(loader, tmp_path, monkeypatch):
    load = loader("onnx", "--ignore_mask", "mask.png")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load().ignored.sum() == 32
