# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""LaceAD, the data set of the paper; drawn lace; one-class data sets; the cutting of camera images."""

from typing import TYPE_CHECKING

from lazy_loader import attach

if TYPE_CHECKING:
    from .lacead import LaceAD
    from .lacead_dataset import LaceADDataset
    from .one_class import OneClass
    from .one_class_dataset import OneClassDataset
    from .synthetic import SyntheticLace

__all__ = ["LaceAD", "LaceADDataset", "OneClass", "OneClassDataset", "SyntheticLace"]

__getattr__, __dir__, _ = attach(
    __name__,
    submod_attrs={
        "lacead": ["LaceAD"],
        "lacead_dataset": ["LaceADDataset"],
        "one_class": ["OneClass"],
        "one_class_dataset": ["OneClassDataset"],
        "synthetic": ["SyntheticLace"],
    },
)
