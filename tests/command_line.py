# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The command line, run in the process of a test."""

from anomalib_scadn.cli import main


def run(*arguments):
    """Run the command line, and give its exit status."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code
    return 0
