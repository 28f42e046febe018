# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Paths and URIs."""

import pytest

from anomalib_scadn.deploy.distributed import storage
from anomalib_scadn.deploy.distributed.sources import list_source
from anomalib_scadn.deploy.distributed.storage import (
    file_size,
    is_uri,
    locate,
    open_storage,
    open_stream,
    read_content,
)

pytest.importorskip("pyarrow")


def test_a_path_is_relative_to_its_base_unless_it_is_whole(tmp_path):
    assert locate("a/b.png", str(tmp_path)) == str(tmp_path / "a/b.png")
    assert locate("a/b.png", "s3://bucket/lace/") == "s3://bucket/lace/a/b.png"
    for whole in ("gs://bucket/a.png", str(tmp_path / "a.png")):
        assert locate(whole, "s3://bucket") == locate(whole, "base") == whole
    assert [is_uri(text) for text in ("s3://bucket", "file:///a", "a/b.png", "/a:/b")] == [True, True, False, False]


def test_files_are_read_by_path_and_by_uri(tmp_path):
    path = tmp_path / "a b.png.gz"  # not decompressed
    path.write_bytes(b"content")
    for location in (str(path), f"file://{path.as_posix()}"):
        assert read_content(location) == b"content"
        with open_stream(location) as file:
            assert file.read() == b"content"
        found, inner = open_storage(location)
        assert found.get_file_info(inner).size == 7
        assert file_size(location) == 7
    assert file_size(str(tmp_path / "absent")) == 0


def test_what_is_missing_or_of_an_unknown_kind_is_named(tmp_path):
    for location in (str(tmp_path / "absent.png"), (tmp_path / "absent.png").as_uri()):
        with pytest.raises(FileNotFoundError, match=r"absent\.png"):
            read_content(location)
    with pytest.raises(ValueError, match="nonsense"):
        open_storage("nonsense://bucket/a.png")


def test_storage_of_google_is_pyarrows_own_and_says_soon_that_it_cannot_be_reached(monkeypatch):
    for scheme in ("gs", "gcs"):
        found, inner = open_storage(f"{scheme}://a_bucket/lace/a.png")
        assert (type(found).__name__, inner) == ("GcsFileSystem", "a_bucket/lace/a.png")
    monkeypatch.setattr(storage, "GOOGLE_SECONDS", 1)
    monkeypatch.setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", "http://127.0.0.1:9")  # where nothing answers
    with pytest.raises(OSError, match=r"cannot list gs://anonymous@plant/lace: .*onnect"):
        list_source("gs://anonymous@plant/lace")


def test_storage_whose_package_is_missing_says_what_to_install():
    fsspec = pytest.importorskip("fsspec")
    fsspec.register_implementation("scadntest", "absent_package.Files", errtxt="Install absent_package")
    with pytest.raises(ImportError, match="Install absent_package"):
        open_storage("scadntest://bucket/a.png")
    with pytest.raises(ValueError, match=r"cannot open foo://bucket/a\.png: Protocol not known.*; expected a path"):
        open_storage("foo://bucket/a.png")
