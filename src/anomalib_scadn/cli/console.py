# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Messages of a command: each once, without those that a user can do nothing about."""

import logging
import os
import re
import sys
import traceback
import warnings

NOISE = ("💡 Tip", "GPU available", "TPU available", "The following callbacks returned in")
"""Starts of Lightning's messages about things that were not asked for."""

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


def configure_console(level: int) -> None:
    """Send log messages to the error stream, and filter the noise of libraries.

    Args:
        level (int): Lowest level of the messages that are shown, as in :mod:`logging`.
    """
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s")
    for exporter in ("onnxscript", "onnx_ir"):  # a line for each number of a graph
        logging.getLogger(exporter).setLevel(logging.WARNING)
    lightning = (logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning_fabric"))
    for handler in (handler for logger in lightning for handler in logger.handlers):
        handler.addFilter(lambda record: not record.getMessage().startswith(NOISE))
    # Lightning uses a name that torch has given up; see its issue tracker.
    warnings.filterwarnings("ignore", message=r".*LeafSpec.* is deprecated")
