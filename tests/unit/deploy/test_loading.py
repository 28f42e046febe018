# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a runtime is told of its threads."""

from pathlib import Path

import pytest

from anomalib_scadn.deploy.loading import thread_options


def test_each_runtime_is_told_in_its_own_words():
    assert thread_options(Path("model.xml"), 3) == {"INFERENCE_NUM_THREADS": 3}
    assert thread_options(Path("model.ckpt"), 3) is None
    pytest.importorskip("onnxruntime")
    options = thread_options(Path("model.onnx"), 3, "CPU")
    assert options["session_options"].intra_op_num_threads == 3


@pytest.mark.parametrize("name", ["model.xml", "model.onnx"])
def test_other_devices_have_no_such_threads(name):
    assert thread_options(Path(name), 3, "GPU") is None
