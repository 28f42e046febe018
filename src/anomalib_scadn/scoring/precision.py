# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Single precision where small differences of large numbers count, whatever the networks run in."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def single_precision(device_type: str) -> Iterator[None]:
    """Compute without autocast, and matrix products and convolutions without TF32 or bfloat16.

    Lightning advises to run on GPUs with ``torch.set_float32_matmul_precision("high")``, which rounds what goes into
    products of float32 to ten bits. The setting is the process's, and is restored. A graph that is exported has no such
    settings; nothing is done then.

    Args:
        device_type (str): Type of the device that computes, as ``torch.autocast`` takes it.

    Yields:
        None: While it is so.
    """
    if torch.compiler.is_exporting():
        yield
        return
    mkldnn = torch.backends.mkldnn  # torch replaces its module at import
    backends = (torch.backends.cuda.matmul, torch.backends.cudnn.conv, mkldnn.matmul, mkldnn.conv)  # type: ignore[attr-defined]
    before = [backend.fp32_precision for backend in backends]
    try:
        for backend in backends:
            backend.fp32_precision = "ieee"
        with torch.autocast(device_type, enabled=False):
            yield
    finally:
        for backend, precision in zip(backends, before, strict=True):
            backend.fp32_precision = precision
