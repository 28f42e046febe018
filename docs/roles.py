# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Names in docstrings, written as Sphinx roles, as the site shows them."""

import re
from typing import Any

import griffe

ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")


class Roles(griffe.Extension):
    """Show ``:class:`~anomalib_scadn.Scadn``` as ``Scadn``."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:  # noqa: ANN401  # griffe's own signature
        """Change the docstring of an object after it was read."""
        del kwargs
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)
