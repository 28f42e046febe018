# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The table of scores in Parquet."""

import pytest

from anomalib_scadn.deploy.inspection.score_parts import (
    PARTS,
    PartWriter,
    cancelling_rows,
    has_parts,
    parts_schema,
    read_parts,
    read_rows,
)

pa = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")


def rows(**scores):
    found = [{"path": path, "raw_score": score, "error": ""} for path, score in scores.items()]
    return pa.Table.from_pylist(found, parts_schema())


def test_the_newest_row_of_a_path_wins_and_the_tenth_part_is_newer_than_the_second(tmp_path):
    assert not has_parts(tmp_path)
    assert len(read_parts(tmp_path, ["path"])) == 0
    writer = PartWriter(tmp_path)
    for number in range(11):
        writer.write([rows(a=number, b=0.5) if number == 3 else rows(a=number)])
    writer.write([])
    PartWriter(tmp_path).write([rows(c=1.0), rows(a=11)])
    (tmp_path / PARTS / "run-0000-part-000000.parquet").rename(tmp_path / PARTS / "run-0-part-0.parquet")
    assert has_parts(tmp_path)
    expected = [{"path": "b", "raw_score": 0.5}, {"path": "c", "raw_score": 1.0}, {"path": "a", "raw_score": 11.0}]
    assert read_rows(tmp_path, ["path", "raw_score"]) == expected
    assert len(list((tmp_path / PARTS).iterdir())) == 12


def test_a_cancelling_row_takes_a_path_out_until_there_is_a_newer_one(tmp_path):
    writer = PartWriter(tmp_path)
    writer.write([rows(a=1.0, b=1.0)])
    writer.write([cancelling_rows(["a"])])
    assert read_rows(tmp_path, ["path"]) == [{"path": "b"}]
    writer.write([rows(a=2.0)])
    assert read_rows(tmp_path, ["path"]) == [{"path": "b"}, {"path": "a"}]


def test_what_is_no_part_is_named_and_other_files_do_not_count(tmp_path):
    PartWriter(tmp_path).write([rows(a=1.0)])
    for name in ("notes.txt", ".part", "other.parquet"):
        (tmp_path / PARTS / name).write_text("no Parquet")
    assert len(read_parts(tmp_path, ["path"])) == 1
    foreign = tmp_path / PARTS / "run-0000-part-000001.parquet"
    foreign.write_text("no Parquet")
    with pytest.raises(ValueError, match=r"part-000001\.parquet: expected a part of a table of scores, found: "):
        read_parts(tmp_path, ["path"])
    pa.parquet.write_table(pa.table({"file": ["a"]}), foreign)
    with pytest.raises(ValueError, match=r"part-000001\.parquet: expected a part of a table of scores, found: "):
        read_parts(tmp_path, ["path"])
