# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Messages of a command, each once, without those that a user can do nothing about; and its exit status.

Status 0 means done, 1 that images failed (``score``, ``score-many``), 2 that the command could not be carried out, with
one line on the error stream that says why, 130 that it was interrupted.
"""

import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import Any

Options = Mapping[str, Any]

DONE, SOME_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130

NOISE = ("💡 Tip", "GPU available", "TPU available", "The following callbacks returned in")
"""Starts of Lightning's messages about things that were not asked for."""

OLD_NAMES = (
    "Importing from timm.models",
    "The anomalib.models.components.dinov2 package is deprecated",
    r".*LeafSpec.* is deprecated",
)
"""Starts of warnings of old names that libraries use of each other, and no user has written."""

WRAPPINGS = (
    r"^Caught \w+ in .*\n\w*(?:Error|Exception): (.*)",  # of a data loader's process, after its traceback
    r"Errors:\s+- Expected a <class 'NoneType'>\s+- (.*?)\s+Given value type:",  # of jsonargparse, about an argument
)
"""What libraries lay around an error's message."""


def print_error(error: Exception) -> None:
    """Say in one line on the error stream why a command could not be carried out.

    The environment variable ``JSONARGPARSE_DEBUG`` shows the traceback, too.

    Args:
        error (Exception): What it raised.
    """
    if "JSONARGPARSE_DEBUG" in os.environ:  # jsonargparse's own switch: a fault may lie in a user's class or callback
        traceback.print_exception(error)
    text = str(error)
    for wrapping in WRAPPINGS:
        found = re.search(wrapping, text, re.DOTALL)
        text = found[1] if found else text
    print(f"error: {' '.join(text.split())}", file=sys.stderr)


def guarded(command: Callable[[Options], int], options: Options) -> int:
    """Carry a command out, and turn what it raises into one line on the error stream.

    Args:
        command (Callable[[Options], int]): Command that returns its exit status.
        options (Options): Its arguments, by name.

    Returns:
        int: Exit status.
    """
    try:
        return command(options)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        print_error(error)
        return REFUSED
    except KeyboardInterrupt as interrupt:
        print(*("interrupted", *interrupt.args), sep=": ", file=sys.stderr)
        return INTERRUPTED


def filter_warnings() -> None:
    """Leave out warnings of :data:`OLD_NAMES`; before anomalib is imported, which raises them."""
    for start in OLD_NAMES:
        warnings.filterwarnings("ignore", start)


def configure_console(level: int) -> None:
    """Send log messages to the error stream, and filter the noise of libraries.

    Args:
        level (int): Lowest level of the messages that are shown, as in :mod:`logging`.
    """
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s")
    for exporter in ("torch.onnx", "onnxscript", "onnx_ir"):  # lines for each number of a graph
        logging.getLogger(exporter).setLevel(logging.ERROR)
    lightning = (logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning_fabric"))
    for handler in (handler for logger in lightning for handler in logger.handlers):
        handler.addFilter(lambda record: not record.getMessage().startswith(NOISE))
