# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Published numbers come from result files."""

import tables


def test_the_documents_hold_what_the_result_files_say():
    for document in tables.DOCUMENTS:
        text = document.read_text()
        assert "<!-- table:" in text
        assert tables.fill(text) == text, f"run python benchmarks/tables.py: {document.name} is not up to date"


def test_a_table_that_does_not_follow_from_the_files_is_replaced():
    assert "0.123456" not in tables.fill("<!-- table: demo -->\n\n| 0.123456 |\n\n<!-- end -->")
