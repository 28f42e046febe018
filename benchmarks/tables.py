# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Write the tables of the documents from the files in benchmarks/results.

    python benchmarks/tables.py

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; what stands there is replaced. A test compares
the documents with what this program would write.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import paper_tables
import score_tables
import summary
from layout import Table, lay_out, markdown, median_and_range, named, spread
from plain import PLAIN
from store import RESULTS, read

ROOT = Path(__file__).resolve().parents[1]

DOCUMENTS = tuple(
    ROOT / name for name in ("README.md", "benchmarks/README.md", "docs/scoring.md", "docs/repair.md", "docs/scale.md")
)

Layout = Callable[[dict[str, Any]], Table]
"""Makes a table of result files by the rest of their names."""


def latency_table(results: dict[str, dict[str, Any]]) -> Table:
    """Lay out what one image costs in each form of a model."""
    columns = {
        "size": "{image_size} x {image_size}",
        "base channels": "{channels}",
        "passes": "{passes}",
        "residual blocks": "{residual}",
        "form": "{form}",
        "precision": "{precision}",
        "files": "{files_mib:.1f} MiB",
        "load": "{load_s:.1f} s",
        "time per image": "{time}",
        "times as fast": "{ratio}",
        "share of peak": "{share}",
        "memory above imports": "{peak_above_imports_mib:.0f} MiB",
        "machine": "{processor}, threads: {threads}",
    }
    rows = []
    for result in sorted(results.values(), key=lambda result: result["image_size"]):
        plain = {}
        for form in result["rows"]:
            if form["form"] == PLAIN:  # the forms behind it were timed beside it
                plain[form["base_channels"]] = form["image_s"]["median"]
            times = {name: 1000 * value for name, value in form["image_s"].items()}
            own = {"time": spread(times, "{:.1f} ms".format), "share": share_of_peak(form)}
            base = plain.get(form["base_channels"])
            own |= {
                "ratio": f"{1000 * base / times['median']:.2f}" if base else "",
                "channels": form["base_channels"] or "",
            }
            shared = {"image_size": result["image_size"], "threads": result["threads"]}
            rows.append({**shared, **form, **own, "processor": result["machine"]["processor"]})
    return lay_out(columns, rows)


def share_of_peak(form: dict[str, Any]) -> str:
    """Write what share of a matrix product's speed a form reaches; 8 bits have no product to compare with."""
    if not form["peak_gflops"] or not form["multiply_adds"]:
        return ""
    return f"{2e-9 * form['multiply_adds'] / form['image_s']['median'] / form['peak_gflops']:.0%}"


def parity_table(results: dict[str, list[dict[str, Any]]]) -> Table:
    """Lay out the largest differences from the Engine."""
    rows = []
    for name, result in results.items():
        size, channels, score = name.split("_")
        for form in dict.fromkeys(row["form"] for row in result):
            own = [row for row in result if row["form"] == form]
            worst = [f"{max(row[key] for row in own):.1e}" for key in ("score", "map")]
            sizes = ", ".join(dict.fromkeys(row["size"] for row in own))
            rows.append([f"{size} x {size}", channels, score, form, sizes, *worst])
    return ["size", "base channels", "score", "form", "raw images", "scores", "maps"], rows


def accuracy_table(results: dict[str, dict[str, Any]]) -> Table:
    """Lay out what INT8 and antialiasing do to the AUROC."""
    metrics = {title: f"{{{metric}:.3f}}" for metric, title in named("image_AUROC", "pixel_AUROC").items()}
    columns = {"data set": "{data}", "configuration": "`{config}`", "form": "{form}", **metrics}
    rows = [
        {"data": name.removesuffix(f"_{Path(result['config']).stem}"), **result, "form": form, **found}
        for name, result in results.items()
        for form, found in result["forms"].items()
    ]
    return lay_out(columns, rows)


def memory_table(result: list[dict[str, Any]]) -> Table:
    """Lay out the memory that validation takes."""
    columns = {"images": "{images}", "size": "{image_size} x {image_size}", "base channels": "{base_channels}"}
    memory = {"before": "{before_gigabytes:.2f} GB", "peak": "{peak_gigabytes:.2f} GB"}
    return lay_out(columns | memory, result)


def throughput_table(results: dict[str, list[dict[str, Any]]]) -> Table:
    """Lay out images per second on Ray and in one process, and what a million of them takes."""
    columns = {"command": "`{command}`", "actors": "{actors}", "image": "{image_size} x {image_size}"}
    speed = {"start": "{start_s:.0f} s", "images per second": "{per_second:.3g}"}
    cost = {"core hours per million": "{hours:.3g}"}
    rows = results.get("throughput", [])
    hours = ({**row, "hours": row["actors"] * 1e6 / row["per_second"] / 3600} for row in rows)
    return lay_out(columns | speed | cost, hours)


def speed_table(results: dict[str, dict[str, Any]]) -> Table:
    """Lay out steps a second beside a plain loop's, and what both have learned."""
    rows = []
    for name, result in results.items():
        runs = list(result["runs"].values())
        times = {key: median_and_range([run[key] for run in runs]) for key in ("plain_per_s", "ours_per_s", "ratio")}
        areas = {way: [run["metrics"][way]["image_AUROC"] for run in runs] for way in ("plain", "ours")}
        texts = {key: spread(value, "{:.2f}".format) for key, value in times.items()}
        texts |= {way: spread(median_and_range(values)) for way, values in areas.items()}
        data = name.split(f"_{Path(result['config']).stem}_")[0]
        rows.append({**result, **texts, "data": data, "seeds": len(runs)})
    columns = {"data set": "{data}", "configuration": "`{config}`", "size": "{image_size} x {image_size}"}
    columns |= {"base channels": "{base_channels}", "precision here": "{precision}"}
    columns |= {"steps": "{steps}", "seeds": "{seeds}"}
    columns |= {"steps a second, plain": "{plain_per_s}", "steps a second, here": "{ours_per_s}"}
    columns |= {"times as fast": "{ratio}", "image AUROC, plain": "{plain}", "image AUROC, here": "{ours}"}
    return lay_out(columns, rows)


def simulated_table(results: dict[str, list[dict[str, Any]]]) -> Table:
    """Lay out what scoring on Ray costs beside the model."""
    columns = {"images": "{images:,}", "rows": "{rows:,}", "doubled": "{doubled}", "failed": "{failed}"}
    time = {"start": "{start_s:.0f} s", "model": "{model_ms:.0f} ms", "time per image": "{image_ms:.2f} ms"}
    memory = {
        "writer's memory": "{driver_peak_mib:.0f} MiB",
        "all, first half": "{all_first_half_mib:.0f} MiB",
        "all, second half": "{all_second_half_mib:.0f} MiB",
    }
    rows = [{**row, "model_ms": 1000 * row["seconds"]} for row in results.get("simulated", [])]
    return lay_out(columns | time | memory, sorted(rows, key=lambda row: (row["seconds"], row["images"])))


def comparison(layout: Layout, found: dict[str, Any], *, methods: bool = False) -> Table:
    """Lay out the comparisons with anomalib's models, or those with the methods that the paper compares with."""
    return layout({name: one for name, one in found.items() if summary.compares_methods(one) == methods})


TABLES: dict[str, tuple[str, Layout]] = {
    "demo": ("train", lambda results: paper_tables.demo_table(results["demo"])),
    "memory": ("validation", lambda results: memory_table(results["memory"])),
    "one_class": ("one_class", paper_tables.one_class_table),
    "ablation": ("ablation", paper_tables.ablation_table),
    "paper": ("paper", paper_tables.paper_table),
    "compare_quality": ("compare", partial(comparison, summary.compare_quality_table)),
    "readme_comparison": ("compare", partial(comparison, summary.compare_medians_table)),
    "compare_cost": ("compare", partial(comparison, summary.compare_cost_table)),
    "patchcore_gap": ("compare", partial(comparison, summary.compare_gap_table)),
    "methods": ("compare", partial(comparison, summary.methods_table, methods=True)),
    "methods_cost": ("compare", partial(comparison, summary.compare_cost_table, methods=True)),
    "latency": ("latency", latency_table),
    "parity": ("parity", parity_table),
    "export_accuracy": ("export_accuracy", accuracy_table),
    "scores": ("scores", score_tables.scores_table),
    "score_highlights": ("scores", score_tables.highlights_table),
    "score_gains": ("scores", score_tables.gains_table),
    "training_options": ("training_options", score_tables.options_table),
    "ways": ("ways", score_tables.ways_table),
    "curve": ("curve", score_tables.ways_table),
    "networks": ("networks", score_tables.networks_table),
    "without": ("without", score_tables.without_table),
    "choice": ("ways", score_tables.choice_table),
    "throughput": ("scale", throughput_table),
    "simulated": ("scale", simulated_table),
    "speed": ("speed", speed_table),
    "score_cost": ("score_cost", score_tables.cost_table),
}
"""What the names of the result files begin with (an underscore follows), and how they are laid out."""


def write_table(name: str) -> str:
    """Write a table of all its result files."""
    benchmark, layout = TABLES[name]
    paths = sorted(RESULTS.glob(f"{benchmark}_*.json"))
    results = {path.stem.removeprefix(f"{benchmark}_"): read(path) for path in paths}
    return markdown(*layout(results)) if results else markdown([], [])


def fill(text: str) -> str:
    """Replace the tables of a document."""

    def table(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n\n{write_table(match[1])}\n\n<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->.*?<!-- end -->", table, text, flags=re.DOTALL)


def main() -> None:
    """Fill all documents."""
    for document in DOCUMENTS:
        document.write_text(fill(document.read_text()))


if __name__ == "__main__":
    main()
