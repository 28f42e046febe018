# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Shards of WebDataset, made with tarfile."""

import io
import tarfile

import pytest

from anomalib_scadn.distributed.shards import AT_ONCE, read_shards

pa = pytest.importorskip("pyarrow")


@pytest.fixture
def shard(tmp_path):
    """Make a shard of images, with a label beside each as WebDataset has it."""

    def make(name, count):
        with tarfile.open(tmp_path / name, "w") as archive:
            for number in range(count):
                for extension, content in (("png", b"image %d" % number), ("cls", b"0")):
                    member = tarfile.TarInfo(f"./{number:03d}.{extension}")
                    member.size, member.mtime = len(content), 5
                    archive.addfile(member, io.BytesIO(content))
        return tmp_path / name

    return make


def read(base, **done):
    shards = pa.table({"path": [f"{name}.tar" for name in done], "done": list(done.values())})
    return [row for table in read_shards(shards, str(base)) for row in table.to_pylist()]


def test_members_that_are_images_become_rows_some_at_a_time(shard, tmp_path):
    shard("s.tar", AT_ONCE + 3)
    tables = list(read_shards(pa.Table.from_pylist([{"path": "s.tar", "done": []}]), str(tmp_path)))
    assert [len(table) for table in tables] == [AT_ONCE, 3]
    first = {"path": "s.tar/000.png", "bytes": 7, "modified": 5_000_000_000, "content": b"image 0", "error": None}
    assert tables[0].to_pylist()[0] == first


def test_what_is_done_is_not_read_again(shard, tmp_path):
    for name in ("s.tar", "t.tar"):
        shard(name, 3)
    found = read(tmp_path, s=["s.tar/000.png", "s.tar/002.png"], t=["t.tar/000.png"])
    assert [row["path"] for row in found] == ["s.tar/001.png", "t.tar/001.png", "t.tar/002.png"]


def test_a_shard_that_was_cut_off_becomes_a_row_after_its_whole_images(shard, tmp_path):
    path = shard("s.tar", 3)
    path.write_bytes(path.read_bytes()[: 512 * 5 + 3])
    *whole, broken = read(tmp_path, s=["x"])
    assert [row["path"] for row in whole] == ["s.tar/000.png"]
    assert broken["path"] == "s.tar"
    assert f"cannot read {path} to its end" in broken["error"]
    (missing,) = read(tmp_path, absent=["x"])
    assert "absent.tar" in missing["error"]
