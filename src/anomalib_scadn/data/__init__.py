# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""LaceAD, the data set of the paper; drawn lace; one-class data sets; the cutting of camera images."""

from typing import TYPE_CHECKING

from anomalib_scadn.lazy import lazy_names

if TYPE_CHECKING:
    from .lacead import LaceAD
    from .lacead_dataset import LaceADDataset
    from .one_class import OneClass
    from .one_class_dataset import OneClassDataset
    from .synthetic import SyntheticLace

__all__ = ["LaceAD", "LaceADDataset", "OneClass", "OneClassDataset", "SyntheticLace"]

__getattr__ = lazy_names(
    __name__,
    {
        "LaceAD": "lacead",
        "LaceADDataset": "lacead_dataset",
        "OneClass": "one_class",
        "OneClassDataset": "one_class_dataset",
        "SyntheticLace": "synthetic",
    },
)
