# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Data modules: LaceAD, the data set of the paper, drawn lace to try things out with, and one-class data sets."""

from anomalib_scadn.data.lacead import LaceAD
from anomalib_scadn.data.lacead_dataset import LaceADDataset
from anomalib_scadn.data.one_class import OneClass
from anomalib_scadn.data.one_class_dataset import OneClassDataset
from anomalib_scadn.data.synthetic import SyntheticLace

__all__ = ["LaceAD", "LaceADDataset", "OneClass", "OneClassDataset", "SyntheticLace"]
