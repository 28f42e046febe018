# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Shards of WebDataset, made with tarfile."""

import io
import tarfile

import pytest

from anomalib_scadn.deploy.distributed.remaining import state_key
from anomalib_scadn.deploy.distributed.shards import AT_ONCE, read_shards

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
    """Read shards, but for images of seven bytes and five seconds that are done."""
    keys = [[state_key(path, 7, 5_000_000_000) for path in paths] for paths in done.values()]
    shards = pa.table({"path": [f"{name}.tar" for name in done], "done": keys})
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


def archive_of(*members):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", encoding="utf-8", errors="surrogateescape") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


@pytest.mark.parametrize("size", [512 * 4, 512 * 5, 512 * 4 + 3])
def test_a_shard_that_ends_after_a_member_is_cut_off(shard, tmp_path, size):
    path = shard("s.tar", 3)
    path.write_bytes(path.read_bytes()[:size])
    *whole, broken = read(tmp_path, s=["x"])
    assert [row["path"] for row in whole] == ["s.tar/000.png"]
    assert (broken["path"], broken["error"].startswith(f"cannot read {path} to its end: ")) == ("s.tar", True)


def test_a_damaged_header_is_no_end(shard, tmp_path):
    path = shard("s.tar", 3)
    content = bytearray(path.read_bytes())
    content[512 * 4 : 512 * 5] = b"x" * 512
    path.write_bytes(content)
    *_, broken = read(tmp_path, s=["x"])
    assert "expected a member or the block of zeros that ends an archive, found: " in broken["error"]


def test_a_name_that_is_no_utf_8_is_told_and_stops_nothing(tmp_path):
    (tmp_path / "s.tar").write_bytes(archive_of(("\udcff.png", b"image 0"), ("1.png", b"image 1")))
    bad, good = read(tmp_path, s=["x"])
    assert (bad["path"], bad["content"]) == (r"s.tar/\udcff.png", None)
    assert bad["error"] == r"name of s.tar/\udcff.png must be UTF-8 to stand in Parquet; rename it"
    assert (good["path"], good["error"]) == ("s.tar/1.png", None)


def test_of_images_of_one_name_the_first_counts(tmp_path):
    (tmp_path / "s.tar").write_bytes(archive_of(("a.png", b"image 0"), ("./a.png", b"image 10")))
    assert [row["content"] for row in read(tmp_path, s=["x"])] == [b"image 0"]


def test_an_image_that_was_replaced_in_a_shard_is_read_again(shard, tmp_path):
    shard("s.tar", 3)
    done = [state_key(f"s.tar/00{number}.png", 7 + number, 5_000_000_000 + number // 2) for number in range(3)]
    shards = pa.table({"path": ["s.tar"], "done": [done]})
    (table,) = read_shards(shards, str(tmp_path))
    assert table["path"].to_pylist() == ["s.tar/001.png", "s.tar/002.png"]
