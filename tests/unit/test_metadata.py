# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Descriptions of exported models."""

import json
import math

import pytest

from anomalib_scadn.metadata import Limits, describe, read_metadata, write_metadata
from anomalib_scadn.post_processor import ScadnPostProcessor
from anomalib_scadn.scoring import PaperScore, build_score
from anomalib_scadn.torch_model import ScadnModel


def make(**arguments):
    return ScadnModel(image_size=(32, 40), base_channels=1, stripes=(4, 8), seed=0, **arguments)


def make_post_processor(**arguments):
    post_processor = ScadnPostProcessor(**arguments)
    values = {"image_min": 0.1, "image_max": 0.3, "pixel_min": 0.0, "pixel_max": 0.9, "_image_threshold": 0.2}
    for name, value in values.items():
        getattr(post_processor, name).fill_(value)
    return post_processor


def same(first, second):
    return repr(first) == repr(second)  # NaN equals itself here


def test_description_holds_what_the_model_was_made_with():
    model = make(mask_fill=1.0, scorer=PaperScore(2, "mean", subtract_reference=False))
    model.scorer.mu.fill_(0.25)
    metadata = describe(model, make_post_processor(image_sensitivity=0.75), "generator")
    assert (metadata.kind, metadata.image_size, metadata.stripes) == ("generator", (32, 40), (4, 8))
    assert metadata.mask_fill == 1.0
    assert metadata.score == {"score": "paper", "merge": "mean", "subtract_reference": False}
    assert metadata.mu == (0.25, 0.25)
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


def test_a_score_of_many_values_leaves_them_to_another_file(tmp_path):
    scorer = build_score("composite", scales=2, size=(32, 40), standardize="pixel")
    metadata = describe(make(scorer=scorer), None, "generator")
    write_metadata(metadata, tmp_path / "model.json")
    assert metadata.mu == ()
    assert read_metadata(tmp_path / "model.json").score["standardize"] == "pixel"


@pytest.mark.parametrize("kind", ["full", "generator"])
@pytest.mark.parametrize("post_processor", [None, ScadnPostProcessor(), make_post_processor()])
def test_writing_and_reading_give_the_same_description(tmp_path, kind, post_processor):
    metadata = describe(make(), post_processor, kind)
    write_metadata(metadata, tmp_path / "model.json")
    assert same(read_metadata(tmp_path / "model.json"), metadata)
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]
    assert "NaN" not in (tmp_path / "model.json").read_text()


def change(tmp_path, **entries):
    path = tmp_path / "model.json"
    write_metadata(describe(make(), ScadnPostProcessor(), "full"), path)
    content = {**json.loads(path.read_text()), **entries}
    path.write_text(json.dumps({key: value for key, value in content.items() if value != "gone"}))
    return path


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"format_version": 1}, "format_version 3, got 1"),
        ({"mu": "gone"}, "missing or unknown entries: mu"),
        ({"extra": 1}, "missing or unknown entries: extra"),
        ({"mu": [0.1]}, "one value for each of 2 scales, got 1"),
        ({"image_size": [33, 40]}, "height must be a multiple of 8"),
        ({"image_size": 32}, "impossible entry"),
        ({"stripes": [4, 5]}, "even number of stripes"),
        ({"kind": "half"}, "got 'half'"),
        ({"score": {"score": "paper", "merge": "min"}}, "got 'min'"),
        ({"score": {"score": "best"}}, "unknown score 'best'"),
        ({"score": {"mu": 1}}, "impossible entry"),
        ({"score": {"score": "paper", "subtract_reference": "false"}}, "subtract_reference .*got 'false'"),
        ({"mask_fill": None}, "impossible entry: mask_fill must be a float, got None"),
        ({"enable_normalization": "false"}, "impossible entry: enable_normalization must be a bool, got 'false'"),
        ({"image_sensitivity": True}, "impossible entry: image_sensitivity must be a float, got True"),
        ({"image": {"minimum": 0}}, "impossible entry"),
    ],
)
def test_impossible_entries_are_refused_by_name(tmp_path, entries, message):
    path = change(tmp_path, **entries)
    with pytest.raises(ValueError, match=message) as error:
        read_metadata(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"])
def test_files_that_are_no_description_are_refused_by_name(tmp_path, text):
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"model\.json"):
        read_metadata(path)


def test_missing_file_is_missed_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"model\.json"):
        read_metadata(tmp_path / "model.json")
