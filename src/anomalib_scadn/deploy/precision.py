# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Precision of inference: what is asked for, against what a file and a processor have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

Precision = Literal["f32", "bf16", "int8", "auto"]

QUANTIZED = "an OpenVINO graph that was exported with --compression_type INT8_PTQ"
"""What can be run in 8 bits."""


def check_precision(precision: str) -> None:
    """Raise unless a precision is known.

    Args:
        precision (str): Name of the precision.

    Raises:
        ValueError: If it is unknown.
    """
    if precision not in get_args(Precision):
        msg = f"precision must be one of {', '.join(get_args(Precision))}, got {precision!r}"
        raise ValueError(msg)


def choose_precision(wanted: Precision, path: Path, refused: Mapping[str, str]) -> str:
    """Choose what a model is run in.

    Args:
        wanted (Literal["f32", "bf16", "int8", "auto"]): What is asked for; ``"auto"`` takes the fewest bits.
        path (Path): File of the model, for the message.
        refused (Mapping[str, str]): What file and processor do not have, and why; never ``"f32"``.

    Returns:
        str: ``"f32"``, ``"bf16"`` or ``"int8"``.

    Raises:
        ValueError: If it is refused; the message says why.

    Example:
        >>> choose_precision("auto", Path("model.ckpt"), {"int8": "it is not quantized"})
        'bf16'
    """
    if wanted == "auto":
        return next(name for name in ("int8", "bf16", "f32") if name not in refused)
    if wanted in refused:
        msg = f"{path} cannot be run in precision {wanted}: {refused[wanted]}"
        raise ValueError(msg)
    return wanted
