# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Write the tables of README.md, benchmarks/README.md and docs/scoring.md from the files in benchmarks/results.

    python benchmarks/tables.py

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; what stands there is replaced. A test compares
the documents with what this program would write.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from compare_tables import (
    compare_cost_table,
    compare_gap_table,
    compare_medians_table,
    compare_quality_table,
    compares_methods,
    methods_table,
)
from deploy_tables import accuracy_table, deploy_table, memory_table, parity_table
from layout import Table, markdown
from paper_tables import ablation_table, demo_table, one_class_table, paper_table
from score_tables import cost_table, gains_table, highlights_table, options_table, scores_table
from store import RESULTS, read

ROOT = Path(__file__).resolve().parents[1]

DOCUMENTS = (ROOT / "README.md", ROOT / "benchmarks" / "README.md", ROOT / "docs" / "scoring.md")

Layout = Callable[[dict[str, dict]], Table]
"""Makes a table of result files by the rest of their names."""


def all_of(benchmark: str, layout: Layout) -> str:
    """Lay out all result files of a benchmark, whose names begin with its own."""
    paths = sorted(RESULTS.glob(f"{benchmark}_*.json"))
    results = {path.stem.removeprefix(f"{benchmark}_"): read(path) for path in paths}
    return markdown(*layout(results)) if results else markdown([], [])


def one(name: str, layout: Callable[[dict | list], Table]) -> str:
    """Lay out one result file."""
    return markdown(*layout(read(RESULTS / f"{name}.json")))


def comparison(layout: Layout, *, methods: bool) -> str:
    """Lay out the comparisons with anomalib's models, or those with the methods that the paper compares with."""
    return all_of(
        "compare",
        lambda found: layout({name: one for name, one in found.items() if compares_methods(one) == methods}),
    )


TABLES: dict[str, Callable[[], str]] = {
    "demo": partial(one, "train_demo", demo_table),
    "memory": partial(one, "validation_memory", memory_table),
    "one_class": partial(all_of, "one_class", lambda results: one_class_table(list(results.values()))),
    "ablation": partial(all_of, "ablation", ablation_table),
    "paper": partial(all_of, "paper", paper_table),
    "compare_quality": partial(comparison, compare_quality_table, methods=False),
    "readme_comparison": partial(comparison, compare_medians_table, methods=False),
    "compare_cost": partial(comparison, compare_cost_table, methods=False),
    "methods": partial(comparison, methods_table, methods=True),
    "methods_cost": partial(comparison, compare_cost_table, methods=True),
    "deploy": partial(all_of, "deploy", deploy_table),
    "parity": partial(all_of, "parity", parity_table),
    "export_accuracy": partial(all_of, "export_accuracy", accuracy_table),
    "scores": partial(all_of, "scores", scores_table),
    "score_highlights": partial(all_of, "scores", highlights_table),
    "score_gains": partial(all_of, "scores", gains_table),
    "patchcore_gap": partial(comparison, compare_gap_table, methods=False),
    "training_options": partial(all_of, "training_options", options_table),
    "score_cost": partial(all_of, "score_cost", cost_table),
}


def fill(text: str) -> str:
    """Replace the tables of a document."""

    def table(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n\n{TABLES[match[1]]()}\n\n<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->.*?<!-- end -->", table, text, flags=re.DOTALL)


def main() -> None:
    """Fill all documents."""
    for document in DOCUMENTS:
        document.write_text(fill(document.read_text()))


if __name__ == "__main__":
    main()
