# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import json
import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from anomalib_scadn.deploy.inspection.labels import gt_labels
from anomalib_scadn.deploy.inspection.threshold import (
    Threshold,
    choose_threshold,
    read_rate,
    read_threshold,
    write_threshold,
)

PAGE = " ".join((Path(__file__).parents[4] / "docs/inspection.md").read_text(encoding="utf-8").split())
FILES = [{"name": "m.onnx", "size": 1, "sha256": "ab" * 32}]
RECORD = {"files": FILES, "tile": None, "overlap": None, "ignore_mask": None, "bit_depth": None}


def test_the_rate_of_false_alarms_is_kept_on_average_and_its_interval_is_true():
    rng, rate = np.random.default_rng(0), Fraction(1, 50)
    rates, inside, trials = [], 0, 2000
    for _ in range(trials):
        choice = choose_threshold(rng.uniform(size=120).tolist(), rate)
        true_rate = 1 - choice.raw_score  # of uniform scores
        rates.append(true_rate)
        inside += choice.lowest_rate <= true_rate <= choice.highest_rate
    assert choice.above == 1  # 2 of 121 further parts are expected, 3 would be more than 1 in 50
    assert choice.expected_rate == 2 / 121
    # Beta(2, 119) has a standard deviation of 0.0116, the share of 2000 trials one of 0.0067: four of each.
    assert np.mean(rates) == pytest.approx(2 / 121, abs=4 * 0.0116 / trials**0.5)
    assert inside / trials == pytest.approx(0.9, abs=4 * 0.0067)


def test_too_few_images_promise_nothing():
    with pytest.raises(ValueError, match=r"50 good images cannot promise 1 false alarm in 1000: expected at least 999"):
        choose_threshold([float(score) for score in range(50)], Fraction(1, 1000))
    choice = choose_threshold([float(score) for score in range(50)])
    assert (choice.raw_score, choice.above, choice.expected_rate) == (49.0, 0, 1 / 51)
    assert choose_threshold([1.0] * 999, Fraction(1, 1000)).above == 0
    with pytest.raises(ValueError, match="needs scores of good images, got none"):
        choose_threshold([])


def test_what_the_documents_say_of_200_images_is_so():
    choice = choose_threshold([float(score) for score in range(200)], Fraction(1, 100))
    said = re.search(r"from 200 good images, a rate of 1 % is 90 % certain to lie between (\S+) % and (\S+) %", PAGE)
    assert [round(100 * rate, 1) for rate in (choice.lowest_rate, choice.highest_rate)] == [
        float(n) for n in said.groups()
    ]


@pytest.mark.parametrize("text", ["0", "1", "-1/2", "many", "1/0", "nan"])
def test_impossible_rates_are_refused(text):
    with pytest.raises(ValueError, match=f"false_alarms must be a rate between 0 and 1, say 2/1000, got {text}"):
        read_rate(text)


def test_rates_are_read():
    assert read_rate("2/1000") == read_rate("0.002") == Fraction(1, 500)


def test_a_threshold_is_written_and_read(tmp_path):
    path = tmp_path / "threshold.json"
    write_threshold(path, choose_threshold([1.0, 3.0, 2.0]), RECORD)
    assert read_threshold(str(path), RECORD) == Threshold("raw", 3.0)
    assert read_threshold("raw:0.25", RECORD) == Threshold("raw", 0.25)
    assert read_threshold("normalized:0.5", RECORD) == Threshold("normalized", 0.5)
    for change in ({"files": [{**FILES[0], "sha256": "cd" * 32}]}, {"tile": 512}, {"bit_depth": 12}):
        (name,) = change
        with pytest.raises(ValueError, match=f"{path} was chosen from scores with other {name}"):
            read_threshold(str(path), RECORD | change)


@pytest.mark.parametrize("text", ["0.5", "raw:", "raw:nan", "normalized:much", "score:1", ""])
def test_a_threshold_says_which_score_it_means(text):
    with pytest.raises(ValueError, match=r"threshold must be raw:NUMBER, normalized:NUMBER or a file threshold.json"):
        read_threshold(text, RECORD)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf")])
def test_scores_that_are_not_finite_make_no_threshold(score):
    with pytest.raises(ValueError, match=f"scores of good images must be finite, got {score}"):
        choose_threshold([1.0, score])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        json.dumps({"raw_score": float("nan"), "files": FILES}),
        json.dumps({"raw_score": "high", "files": FILES}),
    ],
)
def test_a_file_that_holds_no_threshold_is_refused(tmp_path, content):
    path = tmp_path / "other.json"
    with pytest.raises(FileNotFoundError, match=f"no such file: {path}"):
        read_threshold(str(path), RECORD)
    path.write_text(content)
    with pytest.raises(ValueError, match=f"cannot read {path}: expected a threshold"):
        read_threshold(str(path), RECORD)


@pytest.mark.parametrize(("kind", "value"), [("Raw", 0.5), ("raw", math.nan), ("normalized", 7)])
def test_impossible_thresholds_are_refused(kind, value):
    with pytest.raises(ValueError, match=f"or normalized:NUMBER from 0 to 1, got {kind}:{value}"):
        Threshold(kind, value)


def test_a_score_must_be_there_to_be_compared():
    assert Threshold("raw", 1.0).label(1.5, None)
    assert not Threshold("normalized", 0.5).label(9.0, 0.5)
    with pytest.raises(ValueError, match=r"normalized:0\.5 needs a model that was validated"):
        Threshold("normalized", 0.5).label(1.5, None)


@pytest.mark.parametrize("folder", ["a", "s3://plant/lace"])
def test_a_folder_of_good_images_that_holds_none_is_refused(folder):
    with pytest.raises(ValueError, match=rf"in a folder nowhere: expected one such as {folder}, or '\.' for all"):
        gt_labels(["0.png", f"{folder}/1.png", "good/2.png"], "nowhere")


def test_labels_come_from_the_names_of_folders():
    paths = ["test/Good/1.png", "test/hole/1.png", "loose.png"]
    assert gt_labels(paths) == [0, 1, None]
    assert gt_labels(["a/1.png", "b/1.png", "c.png"]) == [None, None, None]
    assert gt_labels(["a/1.png", "b/1.png", "c.png"], "a") == [0, 1, None]
    assert gt_labels(["a/1.png", "c.png", "/b/2.png", "s3://d/3.png"], ".") == [0, 0, 0, 0]
    assert gt_labels(["a/1.png", "/b/a/2.png", "s3://a/a/3.png"], "/b/a") == [1, 0, 1]
    assert gt_labels(["a/1.png", "/b/a/2.png", "s3://a/a/3.png"], "s3://a/a") == [1, 1, 0]
    whole = ["train/good/1.png", "test/good/1.png", "test/hole/1.png", "Ground_Truth/hole/1.png"]
    assert gt_labels(whole) == [None, 0, 1, None]
    assert gt_labels(whole, "train/good") == [0, 1, 1, 1]
