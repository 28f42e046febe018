# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a user is told of a file that cannot be written, and of one of weights that cannot be read."""

import errno
import os
from pickle import UnpicklingError

import pytest
import torch

from anomalib_scadn.files import explain_unreadable, naming, write_whole


@pytest.mark.parametrize("content", [b"", b"hello\n", b"no weights at all"])
def test_torchs_advice_to_trust_a_file_is_not_passed_on(content, tmp_path):
    (tmp_path / "some.ckpt").write_bytes(content)
    with pytest.raises((EOFError, KeyError, UnpicklingError)) as caught:
        torch.load(tmp_path / "some.ckpt", weights_only=True)
    kind = type(caught.value).__name__
    found = explain_unreadable(caught.value)
    assert found == f"it is damaged, or holds more than tensors and plain data ({kind})"


def test_other_reasons_are_told_as_they_are():
    assert explain_unreadable(RuntimeError("size mismatch for conv1")) == "size mismatch for conv1"


def test_a_full_disk_is_told_with_the_file_and_leaves_the_old_one(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.csv").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=rf"No space left on device: '{tmp_path / 'a.csv'}'") as caught:
        write_whole(tmp_path / "a.csv", b"new")
    assert caught.value.errno == errno.ENOSPC
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_an_error_without_a_number_is_told_with_the_file(tmp_path):
    with pytest.raises(OSError, match=rf"cannot write {tmp_path}: encoder error -2"), naming(tmp_path):
        raise OSError("encoder error -2")
