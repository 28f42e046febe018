# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A second run scores what has no row without an error."""

import pytest

from anomalib_scadn.deploy.distributed.remaining import state_key, without_done
from anomalib_scadn.deploy.inspection.score_parts import PartWriter, parts_schema

pa = pytest.importorskip("pyarrow")


def files(*rows):
    paths, sizes, times = zip(*rows, strict=True)
    return pa.table([paths, pa.array(sizes, pa.int64()), pa.array(times, pa.int64())], ["path", "bytes", "modified"])


def write(folder, *rows):
    names = ("path", "bytes", "modified", "error")
    known = ({**dict(zip(names, row, strict=True)), "raw_score": None if row[3] else 0.5} for row in rows)
    PartWriter(folder).write([pa.Table.from_pylist(list(known), parts_schema())])


def todo(listed, folder):
    return without_done(listed, folder)[0]["path"].to_pylist()


def test_images_without_a_row_failed_ones_and_replaced_ones_are_left(tmp_path):
    listed = files(("a", 1, 1), ("b", 1, 1), ("c", 1, 1), ("d", 1, 1), ("e", None, None))
    assert todo(listed, tmp_path) == ["a", "b", "c", "d", "e"]
    write(tmp_path, ("a", 1, 1, ""), ("b", 1, 1, "broken"), ("c", 1, 2, ""), ("e", None, None, ""))
    assert todo(listed, tmp_path) == ["b", "c", "d"]


def test_the_newest_row_counts(tmp_path):
    listed = files(("a", 1, 1), ("b", 1, 1))
    write(tmp_path, ("a", 1, 1, "broken"), ("b", 1, 1, ""))
    write(tmp_path, ("a", 1, 1, ""), ("b", 1, 1, "broken"))
    assert todo(listed, tmp_path) == ["b"]


def test_shards_come_with_what_is_done_in_them(tmp_path):
    write(tmp_path, ("s.tar/a.png", 1, 1, ""), ("s.tar/b.png", 1, 1, "broken"), ("t.tar/c.png", 1, 1, ""))
    images, shards = without_done(files(("s.tar", 9, 9), ("x.png", 1, 1), ("u.TAR", 9, 9)), tmp_path)
    assert images["path"].to_pylist() == ["x.png"]
    assert shards.to_pylist() == [
        {"path": "s.tar", "done": [state_key("s.tar/a.png", 1, 1)], "failed": False},
        {"path": "u.TAR", "done": [], "failed": False},
    ]


def test_shards_lie_in_folders_and_hold_folders_that_are_called_like_them(tmp_path):
    write(tmp_path, ("f.tar/s.TAR/g.tar/a.png", 1, 1, ""), ("f.tar/s.TAR", None, None, "cut off"))
    _, shards = without_done(files(("f.tar/s.TAR", 9, 9)), tmp_path)
    expected = {"path": "f.tar/s.TAR", "done": [state_key("f.tar/s.TAR/g.tar/a.png", 1, 1)], "failed": True}
    assert shards.to_pylist() == [expected]
