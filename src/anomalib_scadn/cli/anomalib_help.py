# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Help of anomalib's subcommands: types of arguments, which it shows as None, and lines that end inside its frame."""

import shutil
from argparse import Action
from typing import Any

from anomalib.cli.utils.help_formatter import CustomHelpFormatter
from rich.markup import escape

from .help import PlainHelpFormatter

_FRAME = 6
"""Columns of anomalib's frame, and argparse's margin."""


class TypedHelpFormatter(PlainHelpFormatter, CustomHelpFormatter):
    """anomalib's formatter, which takes the types from where jsonargparse keeps them.

    Args:
        prog (str): Name of the program.
        **options (Any): As in argparse.
    """

    def __init__(self, prog: str, **options: Any) -> None:  # noqa: ANN401  # argparse's arguments
        options.setdefault("width", shutil.get_terminal_size().columns - _FRAME)
        super().__init__(prog, **options)

    def _get_help_string(self, action: Action) -> str:
        text, kind = escape(super()._get_help_string(action)), self._get_type_str(action)
        return text.replace("%(type)s", escape(kind).replace("%", "%%")) if kind else text
