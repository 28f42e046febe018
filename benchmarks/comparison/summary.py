# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Runs reduced to what is published: medians and spread over seeds, times as ratios within one seed, and each run."""

from typing import Any

from comparison.cost import spread
from machines import same_where_recorded

Result = dict[str, Any]
Summary = dict[str, Any]
Spread = dict[str, float]

CONVENTIONS = {
    "spread": "median, lowest and highest over the seeds; of times with one seed, over the repeats; times and memory "
    "only where all seeds ran on one machine with the same versions",
    "image_F1Max": "best F1 over all thresholds on the test set itself: optimistic",
    "pixel_AUPRO": "up to a false positive rate of 0.3",
    "pixel metrics": "maps resized bilinearly, masks to the nearest pixel, to image_size x image_size",
    "fit_s": "wall-clock seconds of the host's Engine.fit, its validation passes over the test images included",
    "latency": "warm, from decoded images in memory to scores, maps and labels; no files, no pictures",
    "ratios": "each seed's value over the reference model's of that seed, on the same machine with the same versions",
    "peak_mib": "peak resident memory of the run's own process after fit and inference, before metrics",
    "multiply_adds": "of one image: half of what torch's FlopCounterMode counts in convolutions and matrix products",
}
RATIOS = {
    "fit_s": "fit_ratio",
    "latency_1_ms": "latency_1_ratio",
    "latency_8_ms": "latency_8_ratio",
    "images_per_second": "images_per_second_ratio",
}
OF_MACHINE = (*RATIOS, "imports_mib", "peak_mib", "gpu_peak_mib")
"""What is not reduced over machines or versions."""

RUN = ("metrics", "times", "cost", "machine", "versions")
"""What is published of each run."""


def spread_of(value: float | Spread) -> Spread:
    """Give every number a spread.

    Args:
        value (float | Spread): A number, or the spread of its repeats.

    Returns:
        Spread: Median, lowest and highest.
    """
    return value if isinstance(value, dict) else spread([value])


def over_seeds(values: list[Spread], runs: int) -> Spread:
    """Reduce a number of several runs.

    Args:
        values (list[Spread]): Its repeats in each run that has it, at least one.
        runs (int): Number of all runs.

    Returns:
        Spread: Of the medians over the runs; of a single run the spread of its repeats.
    """
    return values[0] if runs == 1 else spread([value["median"] for value in values])


def summarize(results: list[Result], reference: str) -> Summary:
    """Reduce runs to medians and spread.

    Args:
        results (list[Result]): Contents of ``result.json`` of every finished run.
        reference (str): Model that times are compared with.

    Returns:
        Summary: Without any path; models and data sets in the order of the runs.
    """
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
    """Reduce the seeds of one model on one data set.

    Args:
        runs (list[Result]): The runs.
        references (dict[int, Result]): The reference model's runs by seed.

    Returns:
        Summary: Configuration, seeds, spread of each number by name, and the runs. Times and memory of several
            machines or versions have no spread.
    """
    values: dict[str, list[Spread]] = {}
    alike = all(made_alike(runs[0], run) for run in runs)
    for run in runs:
        numbers = {**run["metrics"], **run["cost"], **run["times"]}
        numbers = {name: value for name, value in numbers.items() if alike or name not in OF_MACHINE}
        numbers |= ratios(run, references.get(run["configuration"]["seed"]))
        for name, value in numbers.items():
            if value is not None:
                values.setdefault(name, []).append(spread_of(value))
    configuration = {name: value for name, value in runs[0]["configuration"].items() if name != "seed"}
    return {
        "configuration": configuration,
        "input_size": runs[0]["input_size"],
        "seeds": [run["configuration"]["seed"] for run in runs],
        **{name: over_seeds(found, len(runs)) for name, found in values.items()},
        "runs": [{"seed": run["configuration"]["seed"], **{name: run[name] for name in RUN}} for run in runs],
    }


def made_alike(one: Result, other: Result) -> bool:
    """Whether two runs were made on one machine with the same versions, so far as both were recorded."""
    return all(same_where_recorded(one[name], other[name]) for name in ("machine", "versions"))


def ratios(run: Result, reference: Result | None) -> dict[str, Spread]:
    """Set the times of a run against those of the reference model.

    Args:
        run (Result): Contents of ``result.json``.
        reference (Result | None): The reference model's run of the same seed, if there is one.

    Returns:
        dict[str, Spread]: Ratios by name; none unless machine and versions are the same.
    """
    if reference is None or not made_alike(run, reference):
        return {}
    found = {}
    for name, ratio in RATIOS.items():
        base = spread_of(reference["times"][name])["median"]
        found[ratio] = {key: value / base for key, value in spread_of(run["times"][name]).items()}
    return found
