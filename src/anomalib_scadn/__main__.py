# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``python -m anomalib_scadn`` is ``anomalib-scadn``."""

from .cli.main import main

if __name__ == "__main__":
    main()
