# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Write the tables of README.md and benchmarks/README.md from the files in benchmarks/results.

    python benchmarks/tables.py

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; what stands there is replaced. A test compares
the documents with what this program would write.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from beside_paper import ablation_table, one_class_table, paper_table
from compare_tables import compare_cost_table, compare_gap_table, compare_quality_table
from deploy_tables import accuracy_table, deploy_table, parity_table
from methods_table import compares_methods, methods_table
from score_tables import cost_table, gains_table, highlights_table, options_table, scores_table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
DOCUMENTS = (ROOT / "README.md", ROOT / "benchmarks" / "README.md", ROOT / "docs" / "scoring.md")
METRICS = {
    "image_AUROC": "image AUROC",
    "image_F1Score": "image F1",
    "pixel_AUROC": "pixel AUROC",
    "pixel_F1Score": "pixel F1",
    "PerImagePixelAUROC": "per-image pixel AUROC",
}


def load(name: str) -> dict | list:
    """Read a result file.

    Args:
        name (str): File name without suffix.

    Returns:
        dict | list: Its contents.
    """
    return json.loads((RESULTS / f"{name}.json").read_text())


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Lay out a Markdown table.

    Args:
        header (list[str]): Column names.
        rows (list[list[str]]): Cells, row by row.

    Returns:
        str: The table, without a final newline; a sentence if there are no rows.
    """
    if not rows:
        return "Nothing has been published yet."
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def demo() -> str:
    """Table of the demo, a row per seed."""
    runs = load("train_demo")["runs"]
    rows = [
        [seed, *(f"{run[metric]:.3f}" for metric in METRICS), f"{run['seconds']:.0f} s"] for seed, run in runs.items()
    ]
    return markdown(["seed", *METRICS.values(), "whole command"], rows)


def real() -> str:
    """Table of the real data sets, a row each, mean over seeds."""
    rows = []
    for path in sorted(RESULTS.glob("train_*.json")):
        name = path.stem.removeprefix("train_")
        if name == "demo":
            continue
        result = load(path.stem)
        runs = list(result["runs"].values())
        means = [sum(run[metric] for run in runs) / len(runs) for metric in METRICS]
        pairs = zip(result["extra"][::2], result["extra"][1::2], strict=True)
        changes = [f"{option} {value}" for option, value in pairs if not option.startswith("--data.")]
        rows.append(
            [name, f"`{' '.join([result['config'], *changes])}`", str(len(runs)), *(f"{mean:.3f}" for mean in means)]
        )
    return markdown(["data set", "configuration", "seeds", *METRICS.values()], rows)


def memory() -> str:
    """Table of the memory that validation takes."""
    rows = [
        [
            str(row["images"]),
            f"{row['image_size']} x {row['image_size']}",
            str(row["base_channels"]),
            f"{row['before_gigabytes']:.2f} GB",
            f"{row['peak_gigabytes']:.2f} GB",
        ]
        for row in load("validation_memory")
    ]
    return markdown(["images", "size", "base channels", "before", "peak"], rows)


def results_of(benchmark: str) -> dict[str, dict]:
    """Read all result files of a benchmark.

    Args:
        benchmark (str): What their names begin with.

    Returns:
        dict[str, dict]: Contents by the rest of the name.
    """
    paths = sorted(RESULTS.glob(f"{benchmark}_*.json"))
    return {path.stem.removeprefix(f"{benchmark}_"): json.loads(path.read_text()) for path in paths}


def one_class() -> str:
    """Table 5 of the paper, a row per result file."""
    return markdown(*one_class_table(list(results_of("one_class").values())))


def ablation() -> str:
    """Table 4 of the paper, a column per result file."""
    return markdown(*ablation_table(results_of("ablation")))


def table_of(benchmark: str, layout: Callable[[dict[str, dict]], tuple[list[str], list[list[str]]]]) -> str:
    """Lay out all result files of a benchmark.

    Args:
        benchmark (str): What their names begin with.
        layout (Callable): Makes header and rows of their contents.

    Returns:
        str: The table, or a line that says that there are none.
    """
    results = results_of(benchmark)
    return markdown(*layout(results)) if results else "Nothing has been published yet."


def comparison(layout: Callable[[dict[str, dict]], tuple[list[str], list[list[str]]]], *, methods: bool) -> str:
    """Lay out the comparisons with the host's models, or those with the methods that the paper compares with.

    Args:
        layout (Callable): Makes header and rows of summaries.
        methods (bool): Which of the two.

    Returns:
        str: The table, or a line that says that there are none.
    """
    found = results_of("compare")
    return markdown(*layout({name: one for name, one in found.items() if compares_methods(one) == methods}))


TABLES: dict[str, Callable[[], str]] = {
    "demo": demo,
    "real": real,
    "memory": memory,
    "one_class": one_class,
    "ablation": ablation,
    "paper": partial(table_of, "paper", paper_table),
    "compare_quality": partial(comparison, compare_quality_table, methods=False),
    "compare_cost": partial(comparison, compare_cost_table, methods=False),
    "methods": partial(comparison, methods_table, methods=True),
    "methods_cost": partial(comparison, compare_cost_table, methods=True),
    "deploy": partial(table_of, "deploy", deploy_table),
    "parity": partial(table_of, "parity", parity_table),
    "export_accuracy": partial(table_of, "export_accuracy", accuracy_table),
    "scores": partial(table_of, "scores", scores_table),
    "score_highlights": partial(table_of, "scores", highlights_table),
    "score_gains": partial(table_of, "scores", gains_table),
    "patchcore_gap": partial(comparison, compare_gap_table, methods=False),
    "training_options": partial(table_of, "training_options", options_table),
    "score_cost": partial(table_of, "score_cost", cost_table),
}


def fill(text: str) -> str:
    """Replace the tables of a document.

    Args:
        text (str): Markdown with table marks.

    Returns:
        str: The same with every table made anew.
    """

    def table(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n\n{TABLES[match[1]]()}\n\n<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->.*?<!-- end -->", table, text, flags=re.DOTALL)


def main() -> None:
    """Fill all documents."""
    for document in DOCUMENTS:
        document.write_text(fill(document.read_text()))


if __name__ == "__main__":
    main()
