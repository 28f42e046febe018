# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Makes the host find the plugin by name.

The host has no entry points: ``get_model`` imports only from a list of allowed modules, ``get_datamodule`` looks
names up in ``anomalib.data``. Short model names need nothing, they are looked up among the subclasses.
"""

import anomalib.data
import anomalib.models

from .data import LaceAD, OneClass, SyntheticLace

MODULES = ("anomalib_scadn", "anomalib_scadn.baselines")


def register() -> None:
    """Add the plugin to the host's lists; doing so twice does no harm."""
    anomalib.models.ALLOWED_MODULES.update(MODULES)
    for datamodule in (LaceAD, OneClass, SyntheticLace):
        setattr(anomalib.data, datamodule.__name__, datamodule)
