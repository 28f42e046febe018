# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of comparisons: SCADN beside models of anomalib, and beside the methods that the paper compares with."""

from collections.abc import Iterator

from layout import Table, named, spread
from paper_tables import METRIC, PAPER

QUALITY = named("image_AUROC", "image_F1Max", "pixel_AUROC", "pixel_AUPRO", "PerImagePixelAUROC")
METHOD_QUALITY = named("image_AUROC", "pixel_AUROC", "PerImagePixelAUROC")

TIMES = {
    "fit": ("fit_s", "fit_ratio", "{:.1f} s"),
    "latency, batch 1": ("latency_1_ms", "latency_1_ratio", "{:.1f} ms"),
    "latency, batch 8": ("latency_8_ms", "latency_8_ratio", "{:.1f} ms"),
    "images per second": ("images_per_second", "images_per_second_ratio", "{:.2f}"),
}
"""Name of the value and of the ratio, and how the value is written."""

COUNTS = ("train_images", "test_images")
"""What says that a data set was not taken whole."""

METHODS = {
    "alocc_d": "ALOCC D",
    "alocc_dr": "ALOCC DR",
    "dae": "DAE",
    "ocgan": "OCGAN",
    "mem_ae": "MemAE",
    "scadn": "SCADN",
}
"""Names by model, in the order of the paper's Tables 1 to 3."""

PAPER_DATA = {"1": "LaceAD", "2": "MVTec AD", "3": "MVTec AD", "5": "MNIST, all classes"}
"""Data of the paper's tables that have several methods."""


def compare_quality_table(comparisons: dict[str, dict]) -> Table:
    """Lay out the scores of all models."""
    rows = []
    for data, model, row, _ in rows_of(comparisons):
        seeds, size = str(len(row["seeds"])), " x ".join(map(str, row["input_size"]))
        rows.append([data, model, setting(row), size, seeds, *(spread(row.get(name)) for name in QUALITY)])
    return ["data set", "model", "configuration", "input", "seeds", *QUALITY.values()], rows


def compare_medians_table(comparisons: dict[str, dict]) -> Table:
    """Lay out the medians alone, for a reader in a hurry."""
    rows = [
        [data, model, *(f"{row[name]['median']:.3f}" for name in METHOD_QUALITY)]
        for data, model, row, _ in rows_of(comparisons)
    ]
    return ["data set", "model", *METHOD_QUALITY.values()], rows


def compare_gap_table(comparisons: dict[str, dict]) -> Table:
    """Lay out how far SCADN lies from PatchCore on the same images."""
    found: dict[str, dict[str, dict]] = {}
    for data, model, row, _ in rows_of(comparisons):
        found.setdefault(data, {})[model] = row
    rows = [
        [data, setting(models["scadn"]), *(_gap(models["scadn"], models["patchcore"], name) for name in QUALITY)]
        for data, models in found.items()
        if "scadn" in models and "patchcore" in models
    ]
    return ["data set", "SCADN's configuration", *QUALITY.values()], rows


def _gap(one: dict, other: dict, name: str) -> str:
    if name not in one or name not in other:
        return ""
    return f"{one[name]['median'] - other[name]['median']:+.3f}"


def compare_cost_table(comparisons: dict[str, dict]) -> Table:
    """Lay out what all models cost: the reference model's own times, and the others' ratios to them."""
    rows = []
    for data, model, row, reference in rows_of(comparisons):
        times = [
            spread(row.get(value), form.format) if model == reference else spread(row.get(ratio), times_as_much)
            for value, ratio, form in TIMES.values()
        ]
        counts = [spread(row[name], count) for name in ("parameters", "stored_values", "multiply_adds")]
        memory = spread(row.get("peak_mib"), "{:.0f} MiB".format)
        if "gpu_peak_mib" in row:
            memory += f", GPU {spread(row['gpu_peak_mib'], '{:.0f} MiB'.format)}"
        rows.append([data, model, *times, memory, *counts, machines(row)])
    header = ["peak memory", "parameters", "stored values", "multiply-adds per image", "machine"]
    return ["data set", "model", *TIMES, *header], rows


def rows_of(comparisons: dict[str, dict]) -> Iterator[tuple[str, str, dict, str]]:
    """Go through all comparisons."""
    for summary in comparisons.values():
        for data, found in summary["data"].items():
            for model, row in found["models"].items():
                yield data, model, row, summary["reference"]


def times_as_much(ratio: float) -> str:
    """Write a ratio, small ones with as many digits as they need."""
    return f"x {ratio:.2f}" if ratio >= 0.1 else f"x {ratio:.1g}"


def count(value: float) -> str:
    """Write a number of things in millions or thousands of millions, small ones as they are."""
    for unit, name in ((1e9, "G"), (1e6, "M")):
        if value >= unit / 10:
            return f"{value / unit:.2f} {name}"
    return f"{value:.0f}"


def setting(row: dict) -> str:
    """Say what a model was run with."""
    configuration = row["configuration"]
    counts = "".join(f", {configuration[name]} {name.replace('_', ' ')}" for name in COUNTS if name in configuration)
    if "scadn" in configuration:
        model, trainer = configuration["scadn"]["model"], configuration["scadn"]["trainer"]
        epochs = trainer.get("max_epochs", model.get("max_epochs", 200))
        width = model.get("base_channels", 64)
        return f"`{configuration['scadn']['file']}`, {width} base channels, {epochs} epochs{counts}"
    weights = configuration["backbone_weights"]
    backbone = "random backbone" if weights == "random" else f"backbone `{weights.partition(',')[0]}`"
    coreset = f", coreset {configuration['coreset_ratio']}" if "coreset_ratio" in configuration else ""
    return f"{backbone}{coreset}{counts}"


def machines(row: dict) -> str:
    """Name what a model was run on."""
    found = [
        f"{machine['processor']}, threads: {machine['threads']}" + ("" if gpu == "none" else f", {gpu}")
        for machine in (run["machine"] for run in row["runs"])
        for gpu in [machine.get("accelerator", "none")]
    ]
    return "; ".join(dict.fromkeys(found))


def compares_methods(summary: dict) -> bool:
    """Whether a comparison has methods of the paper beside SCADN."""
    others = METHODS.keys() - {"scadn"}
    return any(others & found["models"].keys() for found in summary["data"].values())


def methods_table(comparisons: dict[str, dict]) -> Table:
    """Set the means of Tables 1, 2, 3 and 5 above what was measured here."""
    rows = [_published(table) for table in PAPER_DATA]
    for summary in comparisons.values():
        for data, found in summary["data"].items():
            rows += _measured(data, found["models"])
    return ["by", "data", "metric", "configuration", "seeds", *METHODS.values()], rows


def _published(table: str) -> list[str]:
    """Make a row of the paper's means."""
    values = [PAPER["methods"][method][table] for method in METHODS]
    cells = ["-" if value is None else f"{value:.3f}" for value in values]
    return ["paper", PAPER_DATA[table], METHOD_QUALITY[METRIC[table]], "its own", "-", *cells]


def _measured(data: str, models: dict[str, dict]) -> list[list[str]]:
    """Make a row per metric that any method has."""
    counts = sorted({len(model["seeds"]) for model in models.values()})
    seeds = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0])
    how = [setting(models.get("scadn", next(iter(models.values())))), seeds]
    rows = []
    for metric, name in METHOD_QUALITY.items():
        values = [models.get(method, {}).get(metric) for method in METHODS]
        if any(values):
            rows.append(["here", data, name, *how, *(spread(value) if value else "-" for value in values)])
    return rows
