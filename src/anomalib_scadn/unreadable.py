# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Why a file of weights could not be read, in a sentence's end."""

from pickle import UnpicklingError


def explain_unreadable(error: Exception) -> str:
    """Say why torch could not read a file, without its advice to trust whatever the file holds.

    Args:
        error (Exception): What torch raised.

    Returns:
        str: End of a sentence; never empty.
    """
    if isinstance(error, (UnpicklingError, EOFError, LookupError)) or not str(error):
        return f"it is damaged, or holds more than tensors and plain data ({type(error).__name__})"
    return str(error)
