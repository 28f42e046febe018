# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What is computed in single precision whatever the networks run in."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch

from anomalib_scadn.components import pre_processor
from anomalib_scadn.masks import striped_masks
from anomalib_scadn.scoring import CompositeScore, maps
from anomalib_scadn.scoring.precision import single_precision


def settings():
    cuda, cudnn, mkldnn = torch.backends.cuda, torch.backends.cudnn, torch.backends.mkldnn
    return [backend.fp32_precision for backend in (cuda.matmul, cudnn.conv, mkldnn.matmul, mkldnn.conv)]


EXACT = ["ieee"] * 4


@pytest.fixture
def _rounded():
    """What Lightning advises on GPUs; processors with bfloat16 then round products too."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    yield
    torch.set_float32_matmul_precision(before)


def fail_inside():
    with torch.autocast("cpu"), single_precision("cpu"):
        assert settings() == EXACT
        assert not torch.is_autocast_enabled("cpu")
        raise KeyError


@pytest.mark.usefixtures("_rounded")
def test_products_are_not_rounded_and_the_setting_is_restored():
    before = settings()
    assert before[0] == "tf32"
    assert before[2] == "bf16"
    with pytest.raises(KeyError):
        fail_inside()
    assert settings() == before
    assert torch.get_float32_matmul_precision() == "medium"


@pytest.mark.usefixtures("_rounded")
def test_the_setting_holds_until_the_last_thread_is_done():
    before, inside, leave = settings(), Event(), Event()

    def work():
        with single_precision("cpu"):
            inside.set()
            assert leave.wait(10)
            return settings()

    with ThreadPoolExecutor(1) as pool:
        with single_precision("cpu"):
            other = pool.submit(work)
            assert inside.wait(10)
        assert settings() == EXACT
        leave.set()
        assert other.result() == EXACT
    assert settings() == before


@pytest.mark.usefixtures("_rounded")
def test_composite_scores_and_resizing_are_computed_so(monkeypatch):
    found = []

    def watch(function):
        return lambda *arguments: (found.append(settings()), function(*arguments))[1]

    for module, name in ((maps, "block_kernels"), (pre_processor, "antialias_matrix")):
        monkeypatch.setattr(module, name, watch(getattr(module, name)))
    size = (24, 32)
    images, painted = torch.zeros(1, 3, *size), torch.zeros(1, 12, 3, *size)
    score = CompositeScore(("ssim",), standardize="none", smoothing=(4.0,)).prepare(3, size)
    score(images, painted, striped_masks(size, (2, 4, 6)))
    pre_processor.resize(images, (16, 16))
    assert found == [EXACT] * 5  # SSIM, smoothing of all and of each scale, rows and columns of resizing
