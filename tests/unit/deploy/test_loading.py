# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a runtime is told of its threads, and of the passes at once."""

from pathlib import Path

import pytest
from lightning.pytorch import Trainer

from anomalib_scadn import Scadn
from anomalib_scadn.deploy.loading import load_backend, thread_options
from anomalib_scadn.masks.sizes import images_at_once


def test_each_runtime_is_told_in_its_own_words():
    assert thread_options(Path("model.xml"), 3) == {"INFERENCE_NUM_THREADS": 3}
    assert thread_options(Path("model.ckpt"), 3) is None
    pytest.importorskip("onnxruntime")
    options = thread_options(Path("model.onnx"), 3, "CPU")
    assert options["session_options"].intra_op_num_threads == 3


@pytest.mark.parametrize("name", ["model.xml", "model.onnx"])
def test_other_devices_have_no_such_threads(name):
    assert thread_options(Path(name), 3, "GPU") is None


@pytest.mark.filterwarnings("ignore:.*was never validated")
def test_a_checkpoint_takes_no_passes_at_once_over_from_training(tmp_path):
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path)
    trainer.strategy.connect(Scadn(image_size=32, base_channels=1, residual_blocks=1, passes_at_once=48))
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    for wanted, expected in ((None, images_at_once((32, 32))), (3, 3)):
        backend = load_backend(tmp_path / "model.ckpt", passes_at_once=wanted)
        assert backend._module.model.passes_at_once == expected
