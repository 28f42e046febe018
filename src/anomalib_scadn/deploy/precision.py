# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Precision of inference: what is asked for, against what a file and a processor have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

Precision = Literal["f32", "f16", "bf16", "int8", "auto"]

QUANTIZED = "an OpenVINO graph that was exported with --compression_type INT8_PTQ"
"""What can be run in 8 bits."""


def choose_precision(wanted: Precision, path: Path, refused: Mapping[str, str]) -> str:
    """Choose what a model is run in.

    Args:
        wanted (Literal["f32", "f16", "bf16", "int8", "auto"]): What is asked for; ``"auto"`` takes the fewest
            bits, and bfloat16, for which norms are fused, before float16.
        path (Path): File of the model, for the message.
        refused (Mapping[str, str]): What file and processor do not have, and why; never ``"f32"``.

    Returns:
        str: ``"f32"``, ``"f16"``, ``"bf16"`` or ``"int8"``.

    Raises:
        ValueError: If it is refused; the message says why.

    Example:
        >>> choose_precision("auto", Path("model.xml"), {"int8": "it is not quantized"})
        'bf16'
    """
    if wanted == "auto":
        return next(name for name in ("int8", "bf16", "f16", "f32") if name not in refused)
    if wanted in refused:
        msg = f"{path} cannot be run in precision {wanted}: {refused[wanted]}"
        raise ValueError(msg)
    return wanted
