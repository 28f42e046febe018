# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a user is told of a file of weights that cannot be read."""

from pickle import UnpicklingError

import pytest
import torch

from anomalib_scadn.files import explain_unreadable


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
