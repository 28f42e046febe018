# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What is computed in single precision whatever the networks run in."""

import pytest
import torch

from anomalib_scadn.components import pre_processor
from anomalib_scadn.masks import striped_masks
from anomalib_scadn.precision import single_precision
from anomalib_scadn.scoring import CompositeScore, maps


def settings():
    return [backend.fp32_precision for backend in (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)]


@pytest.fixture
def _rounded():
    """What Lightning advises on GPUs; processors with bfloat16 then round products too."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    yield
    torch.set_float32_matmul_precision(before)


def fail_inside():
    with torch.autocast("cpu"), single_precision("cpu"):
        assert settings() == ["ieee", "ieee"]
        assert not torch.is_autocast_enabled("cpu")
        raise KeyError


@pytest.mark.usefixtures("_rounded")
def test_products_are_not_rounded_and_the_setting_is_restored():
    assert settings() == ["tf32", "bf16"]
    with pytest.raises(KeyError):
        fail_inside()
    assert settings() == ["tf32", "bf16"]
    assert torch.get_float32_matmul_precision() == "medium"


@pytest.mark.usefixtures("_rounded")
def test_composite_scores_and_resizing_are_computed_so(monkeypatch):
    found = []

    def watch(function):
        return lambda *arguments: (found.append(settings()), function(*arguments))[1]

    for module, name in ((maps, "gaussian_matrix"), (pre_processor, "antialias_matrix")):
        monkeypatch.setattr(module, name, watch(getattr(module, name)))
    size = (24, 32)
    images, painted = torch.zeros(1, 3, *size), torch.zeros(1, 12, 3, *size)
    score = CompositeScore(("ssim",), standardize="none", smoothing=(4.0,)).prepare(3, size)
    score(images, painted, striped_masks(size, (2, 4, 6)))
    pre_processor.resize(images, (16, 16))
    assert found == [["ieee", "ieee"]] * 6  # rows and columns, of SSIM, of smoothing, of resizing
