# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Runs reduced to what is published (medians and spread over seeds, times as ratios within one seed), and its tables.

Tables show SCADN beside models of anomalib, and beside the methods that the paper compares with.
"""

from collections.abc import Iterator
from typing import Any

from layout import ACCURACY, COST, TIMES, Table, median_and_range, named, spread, times_as_much
from paper_tables import METRIC, PAPER
from provenance import same_where_recorded

Result = dict[str, Any]
Summary = dict[str, Any]
Spread = dict[str, float]

CONVENTIONS = {
    "spread": "median, lowest and highest over the seeds; of times with one seed, over the repeats; times and memory "
    "only where all seeds ran on one machine with the same versions",
    "image_F1Max": "best F1 over all thresholds on the test set itself: optimistic",
    "pixel_AUPRO": "up to a false positive rate of 0.3",
    "pixel metrics": "maps resized bilinearly, masks to the nearest pixel, to image_size x image_size",
    "fit_s": "wall-clock seconds of anomalib's Engine.fit, its validation passes over the test images included",
    "latency": "warm, from decoded images in memory to scores, maps and labels; no files, no pictures",
    "ratios": "each seed's value over the reference model's of that seed, on the same machine with the same versions",
    "peak_mib": "peak resident memory of the run's own process after fit and inference, before metrics",
    "multiply_adds": "of one image: half of what torch's FlopCounterMode counts in convolutions and matrix products",
}

RATIOS = {one.key: f"{one.key.removesuffix('_s').removesuffix('_ms')}_ratio" for one in TIMES}

OF_MACHINE = (*RATIOS, "imports_mib", "peak_mib", "gpu_peak_mib")
"""What is not reduced over machines or versions."""

RUN = ("metrics", "times", "cost", "machine", "versions")
"""What is published of each run."""

COUNTS = ("train_images", "test_images")
"""What says that a data set was not taken whole; where it is missing, all images were taken."""

QUALITY = named("image_AUROC", "pixel_AUROC", "PerImagePixelAUROC")
"""Metrics of the tables that are for a reader in a hurry, and of the paper's methods."""

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


def summarize(results: list[Result], reference: str) -> Summary:
    """Reduce runs to medians and spread."""
    summary: Summary = {"reference": reference, "conventions": CONVENTIONS, "machines": [], "data": {}}
    for result in results:
        described = {**result["machine"], **result["versions"]}
        if described not in summary["machines"]:
            summary["machines"].append(described)
        data = summary["data"].setdefault(result["configuration"]["data"], {"images": result["images"], "models": {}})
        data["models"].setdefault(result["configuration"]["model"], []).append(result)
    for data in summary["data"].values():
        references = {result["configuration"]["seed"]: result for result in data["models"].get(reference, [])}
        data["models"] = {model: summarize_model(runs, references) for model, runs in data["models"].items()}
    return summary


def summarize_model(runs: list[Result], references: dict[int, Result]) -> Summary:
    """Reduce the seeds of one model on one data set."""
    values: dict[str, list[Spread]] = {}
    alike = all(made_alike(runs[0], run) for run in runs)
    for run in runs:
        numbers = {**run["metrics"], **run["cost"], **run["times"]}
        numbers = {name: value for name, value in numbers.items() if alike or name not in OF_MACHINE}
        numbers |= ratios(run, references.get(run["configuration"]["seed"]))
        for name, value in numbers.items():
            if value is not None:
                values.setdefault(name, []).append(spread_of(value))
    return {
        "configuration": {name: value for name, value in runs[0]["configuration"].items() if name != "seed"},
        "input_size": runs[0]["input_size"],
        "seeds": [run["configuration"]["seed"] for run in runs],
        **{
            name: found[0] if len(runs) == 1 else median_and_range([value["median"] for value in found])
            for name, found in values.items()
        },
        "runs": [{"seed": run["configuration"]["seed"], **{name: run[name] for name in RUN}} for run in runs],
    }


def spread_of(value: float | Spread) -> Spread:
    """Give every number a spread."""
    return value if isinstance(value, dict) else median_and_range([value])


def made_alike(one: Result, other: Result) -> bool:
    """Whether two runs were made on one machine with the same versions, so far as both were recorded."""
    return all(same_where_recorded(one[name], other[name]) for name in ("machine", "versions"))


def ratios(run: Result, reference: Result | None) -> dict[str, Spread]:
    """Set the times of a run against those of the reference model."""
    if reference is None or not made_alike(run, reference):
        return {}
    found = {}
    for name, ratio in RATIOS.items():
        base = spread_of(reference["times"][name])["median"]
        found[ratio] = {key: value / base for key, value in spread_of(run["times"][name]).items()}
    return found


def compare_quality_table(comparisons: dict[str, Summary]) -> Table:
    """Lay out the scores of all models."""
    rows = []
    for data, model, row, _ in rows_of(comparisons):
        seeds, size = str(len(row["seeds"])), " x ".join(map(str, row["input_size"]))
        rows.append([data, model, setting(row), size, seeds, *(spread(row.get(measure.key)) for measure in ACCURACY)])
    header = ["data set", "model", "configuration", "input", "seeds"]
    return [*header, *(measure.title for measure in ACCURACY)], rows


def compare_medians_table(comparisons: dict[str, Summary]) -> Table:
    """Lay out the medians alone, for a reader in a hurry."""
    rows = [
        [data, model, *(f"{row[name]['median']:.3f}" if name in row else "none" for name in QUALITY)]
        for data, model, row, _ in rows_of(comparisons)
    ]
    return ["data set", "model", *QUALITY.values()], rows


def compare_gap_table(comparisons: dict[str, Summary]) -> Table:
    """Lay out how far SCADN lies from PatchCore on the same images."""
    found: dict[str, dict[str, dict]] = {}
    for data, model, row, _ in rows_of(comparisons):
        found.setdefault(data, {})[model] = row
    rows = []
    for data, models in found.items():
        if "scadn" in models and "patchcore" in models:
            pairs = [(models["scadn"].get(one.key), models["patchcore"].get(one.key)) for one in ACCURACY]
            gaps = [f"{one['median'] - other['median']:+.3f}" if one and other else "" for one, other in pairs]
            rows.append([data, setting(models["scadn"]), *gaps])
    return ["data set", "SCADN's configuration", *(measure.title for measure in ACCURACY)], rows


def compare_cost_table(comparisons: dict[str, Summary]) -> Table:
    """Lay out what all models cost: the reference model's own times, and the others' ratios to them."""
    rows = []
    for data, model, row, reference in rows_of(comparisons):
        cells = [
            spread(row.get(RATIOS[measure.key]), times_as_much)
            if measure in TIMES and model != reference
            else spread(row.get(measure.key), measure.text)
            for measure in COST
        ]
        if "gpu_peak_mib" in row:
            cells[len(TIMES)] += f", GPU {spread(row['gpu_peak_mib'], '{:.0f} MiB'.format)}"
        rows.append([data, model, *cells, machines(row)])
    return ["data set", "model", *(measure.title for measure in COST), "machine"], rows


def rows_of(comparisons: dict[str, Summary]) -> Iterator[tuple[str, str, dict, str]]:
    """Go through all comparisons."""
    for summary in comparisons.values():
        for data, found in summary["data"].items():
            for model, row in found["models"].items():
                yield data, model, row, summary["reference"]


def setting(row: dict) -> str:
    """Say what a model was run with."""
    configuration = row["configuration"]
    counts = "".join(f", {configuration[name]} {name.replace('_', ' ')}" for name in COUNTS if name in configuration)
    if "scadn" in configuration:
        model, trainer = configuration["scadn"]["model"], configuration["scadn"]["trainer"]
        steps, epochs = trainer.get("max_steps"), trainer.get("max_epochs", model.get("max_epochs", 200))
        trained = f"{epochs} epochs" if steps is None else f"{steps} steps"
        network = f"{model.get('base_channels', 64)} base channels"
        network += f", {model['residual_blocks']} residual blocks" if "residual_blocks" in model else ""
        network += ", separable" if model.get("residual") == "separable" else ""
        return f"`{configuration['scadn']['file']}`, {network}, {trained}{counts}"
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


def compares_methods(summary: Summary) -> bool:
    """Whether a comparison has methods of the paper beside SCADN."""
    return any(METHODS.keys() & found["models"].keys() - {"scadn"} for found in summary["data"].values())


def methods_table(comparisons: dict[str, Summary]) -> Table:
    """Set the means of Tables 1, 2, 3 and 5 above what was measured here."""
    rows = []
    for table, data in PAPER_DATA.items():
        values = [PAPER["methods"][method][table] for method in METHODS]
        cells = ["-" if value is None else f"{value:.3f}" for value in values]
        rows.append(["paper", data, QUALITY[METRIC[table]], "its own", "-", *cells])
    for summary in comparisons.values():
        for data, found in summary["data"].items():
            rows += _measured(data, found["models"])
    return ["by", "data", "metric", "configuration", "seeds", *METHODS.values()], rows


def _measured(data: str, models: dict[str, dict]) -> list[list[str]]:
    """Make a row per metric that any method has."""
    counts = sorted({len(model["seeds"]) for model in models.values()})
    seeds = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0])
    how = [setting(models.get("scadn", next(iter(models.values())))), seeds]
    rows = []
    for metric, name in QUALITY.items():
        values = [models.get(method, {}).get(metric) for method in METHODS]
        if any(values):
            rows.append(["here", data, name, *how, *(spread(value) if value else "-" for value in values)])
    return rows
