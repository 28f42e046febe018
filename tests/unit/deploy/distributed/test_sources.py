# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Folders, shards, storage and files of paths become the same list."""

import os

import pytest

from anomalib_scadn.deploy.distributed.sources import list_source
from anomalib_scadn.deploy.distributed.storage import locate, read_content

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def manifest(where, **columns):
    pq.write_table(pa.table(columns), where)
    return str(where)


def test_a_folder_has_the_images_that_score_finds_with_size_and_time(pictures):
    folder = pictures(12)
    for name in (".hidden.png", "notes.txt", "list.parquet", "shard.tar"):
        (folder / name).write_text("x")
    found = list_source(str(folder))
    assert found.base == str(folder)
    rows = found.files.to_pylist()
    assert [row["path"] for row in rows][:3] == ["a/1.png", "a/3.png", "a/5.png"]
    assert [row["path"] for row in rows][-1] == "shard.tar"
    status = (folder / "a/1.png").stat()
    assert (rows[0]["bytes"], rows[0]["modified"]) == (status.st_size, status.st_mtime_ns)


def test_a_manifest_names_each_image_once_relative_to_itself(tmp_path):
    path = manifest(tmp_path / "m.parquet", path=["a.png", "/b/c.png", "s3://d/e.png", "a.png"], more=[1, 2, 3, 4])
    found = list_source(path)
    assert found.files["path"].to_pylist() == ["a.png", "/b/c.png", "s3://d/e.png"]
    assert found.files["bytes"].null_count == 3
    assert [locate(name, found.base) for name in found.files["path"].to_pylist()] == [
        str(tmp_path / "a.png"),
        "/b/c.png",
        "s3://d/e.png",
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"file": ["a.png"], "b": [1]}, "must be a Parquet file with a column path, its columns are: file, b$"),
        ({"path": [1]}, "must be a column of strings, got int64"),
        ({"path": ["a.png", None]}, "must name an image in each"),
        ({"path": ["a.png", ""]}, "must name an image in each"),
        ({"path": pa.array([], pa.string())}, "must name an image in each row, got 0 rows"),
    ],
)
def test_a_manifest_that_names_no_images_is_refused(tmp_path, columns, message):
    path = manifest(tmp_path / "m.parquet", **columns)
    with pytest.raises(ValueError, match=message) as raised:
        list_source(path)
    assert path in str(raised.value)


def test_a_damaged_manifest_and_missing_sources_are_named(tmp_path):
    (tmp_path / "m.parquet").write_text("no Parquet")
    with pytest.raises(ValueError, match=r"m\.parquet: expected a Parquet file"):
        list_source(str(tmp_path / "m.parquet"))
    for name in ("absent", "absent.parquet", "absent.tar"):
        with pytest.raises(FileNotFoundError, match=name):
            list_source(str(tmp_path / name))
    with pytest.raises(FileNotFoundError, match="holds no image"):
        list_source(str(tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="names of files are text there")
def test_a_name_that_parquet_cannot_hold_is_refused(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.png")).write_text("x")
    with pytest.raises(ValueError, match=r"must be UTF-8 to stand in Parquet, got .*ff\.png"):
        list_source(str(tmp_path))


def test_storage_in_a_network_is_listed_and_read_like_a_folder(pictures):
    """Through fsspec's memory, which any of its file systems could stand for."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    content = (pictures(1) / "b/0.png").read_bytes()
    for name in ("10.png", "2.PNG", ".hidden/1.png", "notes.txt"):
        memory.pipe(f"/bucket/lace/{name}", content)
    found = list_source("memory://bucket/lace/")
    assert found.files["path"].to_pylist() == ["2.PNG", "10.png"]
    assert found.files["bytes"].to_pylist() == [len(content)] * 2
    assert read_content(locate("10.png", found.base)) == content
    memory.pipe("/bucket/empty/notes.txt", content)
    with pytest.raises(FileNotFoundError, match="holds no image"):
        list_source("memory://bucket/empty")


def test_files_that_are_missing_or_of_another_kind_are_named(tmp_path):
    for name in ("a.tar", "a.parquet"):
        with pytest.raises(FileNotFoundError, match=f"no such file: {tmp_path / name}"):
            list_source(str(tmp_path / name))
    (tmp_path / "a.png").touch()
    with pytest.raises(ValueError, match=f"{tmp_path / 'a.png'} is a file; expected a folder"):
        list_source(str(tmp_path / "a.png"))
