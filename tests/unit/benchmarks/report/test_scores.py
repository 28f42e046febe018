# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of image scores."""

import numpy as np
import pytest

from report.figures import most_wrong
from report.runs import Run, read_scores


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "scores.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_rows_are_read_by_their_column_names(table):
    scores = read_scores(table('pred_score,more,gt_label,path\n0.5,x,1,"a,b.png"\n1e-3,,0,NA\n'))
    assert list(scores["path"]) == ["a,b.png", "NA"]
    np.testing.assert_array_equal(scores["gt_label"], [1, 0])
    np.testing.assert_array_equal(scores["pred_score"], [0.5, 0.001])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "No columns"),
        ("path,gt_label,pred_score\n", "none"),
        ("path,pred_score\na.png,1\n", "columns expected but not found: .*label"),
        ("path,gt_label,pred_score\na.png,2,1\n", "'gt_label': '2'"),
        ("path,gt_label,pred_score\na.png,0\n", "'pred_score': ''"),
        ("path,gt_label,pred_score\na.png,0,high\n", "high"),
        ("path,gt_label,pred_score\na.png,0,nan\n", "'nan'"),
    ],
)
def test_a_broken_table_is_named(table, text, found):
    path = table(text)
    with pytest.raises(
        ValueError, match=rf"cannot read {path}: expected rows with path, gt_label, pred_score.*{found}"
    ):
        read_scores(path)


def test_the_most_wrong_images_are_high_normal_and_low_anomalous_ones(table):
    rows = "a,0,0.1\nb,0,0.9\nc,0,0.9\nd,1,0.2\ne,1,0.8\nf,1,0.1\n"
    scores = read_scores(table("path,gt_label,pred_score\n" + rows))
    assert most_wrong(scores, 0, 2) == [("b", 0.9), ("c", 0.9)]
    assert most_wrong(scores, 1, 2) == [("f", 0.1), ("d", 0.2)]
    assert len(most_wrong(scores, 1, 9)) == 3


@pytest.mark.parametrize(("labels", "expected"), [("01", True), ("00", False), ("11", False)])
def test_both_classes(table, labels, expected):
    text = "path,gt_label,pred_score\n" + "".join(f"a,{label},0\n" for label in labels)
    assert Run("d", "m", 0, {}, read_scores(table(text))).has_both_classes is expected


def test_without_scores_there_are_no_classes():
    assert not Run("d", "m", 0, {}).has_both_classes
