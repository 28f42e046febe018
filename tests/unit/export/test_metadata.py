# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Descriptions of exported models."""

import json
import math
from pathlib import Path

import onnx
import pytest
import torch

from anomalib_scadn.components.post_processor import ScadnPostProcessor
from anomalib_scadn.export.description import describe, to_post_processor
from anomalib_scadn.export.metadata import PROPERTY, Limits, embed_metadata, read_metadata
from anomalib_scadn.scoring import CompositeScore, PaperScore
from anomalib_scadn.torch_model import ScadnModel
from anomalib_scadn.training.thresholds import fitted_outputs


def make(**arguments):
    return ScadnModel(image_size=(32, 40), base_channels=1, stripes=(4, 8), seed=0, **arguments)


def make_post_processor(**arguments):
    post_processor = ScadnPostProcessor(**arguments)
    values = {"image_min": 0.1, "image_max": 0.3, "pixel_min": 0.0, "pixel_max": 0.9, "_image_threshold": 0.2}
    for name, value in values.items():
        getattr(post_processor, name).fill_(value)
    return post_processor


def embed(metadata, folder):
    """Write metadata into a graph of nothing, and give its file and the text in it."""
    file = folder / "model.onnx"
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "graph", [], [])), file)
    embed_metadata(metadata, file)
    ((key, text),) = ((entry.key, entry.value) for entry in onnx.load(file).metadata_props)
    assert key == PROPERTY
    return file, text


def same(first, second):
    return repr(first) == repr(second)  # NaN equals itself here


def test_description_holds_what_the_model_was_made_with():
    model = make(mask_fill=1.0, score=PaperScore("mean", subtract_reference=False))
    metadata = describe(model, make_post_processor(image_sensitivity=0.75), "generator")
    assert (metadata.kind, metadata.image_size, metadata.stripes) == ("generator", (32, 40), (4, 8))
    assert metadata.mask_fill == 1.0
    assert metadata.score == {"class_path": "PaperScore", "init_args": {"merge": "mean", "subtract_reference": False}}
    assert metadata.image.minimum == pytest.approx(0.1)
    assert metadata.image.threshold == pytest.approx(0.2)
    assert math.isnan(metadata.pixel.threshold)
    assert metadata.image_sensitivity == 0.75
    assert metadata.enable_normalization


def test_without_post_processor_nothing_is_normalized():
    metadata = describe(make(), None, "full")
    assert not metadata.enable_normalization
    assert not metadata.enable_thresholding
    assert same(metadata.image, Limits(math.nan, math.nan, math.nan))


def test_the_options_of_any_score_are_described(tmp_path):
    score = CompositeScore(("mse", "perceptual"), backbone="resnet10t", backbone_weights="checkpoint")
    file, text = embed(describe(make(score=score), None, "generator"), tmp_path)
    assert read_metadata(text, file).score == score.description


@pytest.mark.parametrize("kind", ["full", "generator"])
@pytest.mark.parametrize("post_processor", [None, ScadnPostProcessor(), make_post_processor()])
def test_writing_and_reading_give_the_same_description(tmp_path, kind, post_processor):
    metadata = describe(make(), post_processor, kind)
    file, text = embed(metadata, tmp_path)
    assert same(read_metadata(text, file), metadata)
    assert list(tmp_path.iterdir()) == [file]
    assert "NaN" not in text


@pytest.mark.parametrize("post_processor", [ScadnPostProcessor(pixel_sensitivity=0.75), make_post_processor()])
def test_metadata_make_the_post_processor_that_they_describe(post_processor):
    found = to_post_processor(describe(make(), post_processor, "full"))
    assert found.checkpoint_config() == post_processor.checkpoint_config()
    torch.testing.assert_close(found.state_dict(), post_processor.state_dict(), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("matching", [True, False])
@pytest.mark.parametrize("level", ["image", "pixel"])
def test_plain_limits_and_thresholds_are_those_of_the_post_processor(level, matching):
    post_processor = make_post_processor(enable_threshold_matching=matching)
    if level == "pixel":
        post_processor._pixel_threshold.fill_(0.4)
        post_processor._image_threshold.fill_(math.nan)
    found = describe(make(), post_processor, "full").post_processor
    for name in ("image_min", "image_max", "image_threshold", "pixel_min", "pixel_max", "pixel_threshold"):
        assert getattr(found, name) == pytest.approx(float(getattr(post_processor, name)), nan_ok=True)
    assert fitted_outputs(found) == fitted_outputs(post_processor)


def test_the_score_of_a_full_graph_is_in_the_graph(tmp_path):
    text = change(tmp_path, kind="full", score={"class_path": "Own", "init_args": {}})
    assert read_metadata(text, Path("model.onnx")).score["class_path"] == "Own"
    for score in (None, "PaperScore", {}, {"class_path": 1}):
        with pytest.raises(ValueError, match="score must have a class_path"):
            read_metadata(change(tmp_path, kind="full", score=score), Path("model.onnx"))


def change(folder, **entries):
    _, text = embed(describe(make(), ScadnPostProcessor(), entries.pop("kind", "generator")), folder)
    content = {**json.loads(text), **entries}
    return json.dumps({key: value for key, value in content.items() if value != "gone"})


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"format_version": 1}, "format_version 7, got 1"),
        ({"stripes": "gone"}, "missing or unknown entries: stripes"),
        ({"extra": 1}, "missing or unknown entries: extra"),
        ({"image_size": [33, 40]}, "height must be a multiple of 8"),
        ({"image_size": 32}, "impossible entry"),
        ({"stripes": [4, 5]}, "even number of stripes"),
        ({"kind": "half"}, "got 'half'"),
        ({"score": {"class_path": "PaperScore", "init_args": {"merge": "min"}}}, "got 'min'"),
        ({"score": {"class_path": "best"}}, "unknown score 'best'"),
        ({"score": {"mu": 1}}, "impossible entry"),
        ({"score": {"class_path": "PaperScore", "init_args": {"subtract_reference": "false"}}}, "got 'false'"),
        ({"score": {"class_path": "PaperScore", "init_args": {"mu": 1}}}, "impossible entry.*'mu'"),
        ({"score": {"class_path": "x.PaperScore", "init_args": {}}}, "score must be .*merge"),
        (
            {"score": CompositeScore(("perceptual",)).description | {"init_args": {"backbone_weights": "/etc/passwd"}}},
            "score must be .*got .*/etc/passwd",
        ),
        ({"mask_fill": None}, "impossible entry: mask_fill must be a float, got None"),
        ({"enable_normalization": "false"}, "impossible entry: enable_normalization must be a bool, got 'false'"),
        ({"image_sensitivity": True}, "impossible entry: image_sensitivity must be a float, got True"),
        ({"image": {"minimum": 0}}, "impossible entry"),
    ],
)
def test_impossible_entries_are_refused_by_name(tmp_path, entries, message):
    with pytest.raises(ValueError, match=message) as error:
        read_metadata(change(tmp_path, **entries), Path("some/model.onnx"))
    assert "some/model.onnx" in str(error.value)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", "\x00"])
def test_a_text_that_is_no_description_is_refused_by_the_graphs_name(text):
    with pytest.raises(ValueError, match=r"some/model\.onnx"):
        read_metadata(text, Path("some/model.onnx"))
