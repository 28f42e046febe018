# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Names of packages that are imported on demand."""

from importlib import import_module

import pytest

import anomalib_scadn


@pytest.mark.parametrize("package", ["", ".data", ".export"])
def test_all_public_names_are_found_and_others_are_not(package):
    module = import_module(anomalib_scadn.__name__ + package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'nonsense'"):
        _ = module.nonsense
