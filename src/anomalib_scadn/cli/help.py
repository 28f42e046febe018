# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Help of a subcommand: types of arguments as a user writes them."""

import re
from argparse import Action

from jsonargparse import DefaultHelpFormatter


class PlainHelpFormatter(DefaultHelpFormatter):
    """jsonargparse's formatter, which names a type ``Path`` and not ``<class 'Path'>``."""

    def _get_type_str(self, action: Action) -> str | None:
        kind = super()._get_type_str(action)
        return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", kind) if kind else kind
