# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Striped masks, and the sizes, stripes and passes that go together."""

from typing import TYPE_CHECKING

from lazy_loader import attach

if TYPE_CHECKING:
    from .striped import composites, draw_masks, inference_masks, remove, stripe_profile, striped_masks

__all__ = ["composites", "draw_masks", "inference_masks", "remove", "stripe_profile", "striped_masks"]

__getattr__, __dir__, _ = attach(
    __name__,
    submod_attrs={
        "striped": ["composites", "draw_masks", "inference_masks", "remove", "stripe_profile", "striped_masks"]
    },
)
