# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import torch

from anomalib_scadn.deploy import backends
from anomalib_scadn.scoring import maps


def test_the_highest_scale_is_that_of_torch():
    scale_maps = torch.randint(0, 4, (20, 3, 2, 2)).float()  # with many equal scales
    found = backends.highest_scale(scale_maps.numpy())
    assert found.tolist() == maps.highest_scale(scale_maps).tolist()
    assert set(found) == {0, 1, 2}
