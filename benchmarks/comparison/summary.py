# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Runs reduced to what is published: medians and spread over seeds, times as ratios within one seed."""

from typing import Any

from comparison.cost import spread

Result = dict[str, Any]
Summary = dict[str, Any]

CONVENTIONS = {
    "spread": "median, lowest and highest over the seeds",
    "image_F1Max": "best F1 over all thresholds on the test set itself: optimistic",
    "pixel_AUPRO": "up to a false positive rate of 0.3",
    "pixel metrics": "maps resized bilinearly, masks to the nearest pixel, to image_size x image_size",
    "fit_s": "wall-clock seconds of the host's Engine.fit, its validation passes over the test images included",
    "latency": "warm, from decoded images in memory to scores, maps and labels; no files, no pictures",
    "ratios": "each seed's value over the reference model's of the same seed, timed in the same run",
    "peak_mib": "peak resident memory of the run's own process after fit and inference, before metrics",
    "multiply_adds": "of one image: half of what torch's FlopCounterMode counts in convolutions and matrix products",
}
RATIOS = {"fit_s": "fit_ratio", "latency_1_ms": "latency_1_ratio", "latency_8_ms": "latency_8_ratio"}


def timed(result: Result, name: str) -> float:
    """Look up one time of a run.

    Args:
        result (Result): Contents of ``result.json``.
        name (str): Name of the time.

    Returns:
        float: The time, the median if it was taken repeatedly.
    """
    value = result["times"][name]
    return value["median"] if isinstance(value, dict) else value


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
        Summary: Configuration, seeds, and spread of each number by name.
    """
    values: dict[str, list[float]] = {}
    for run in runs:
        numbers = {**run["metrics"], **run["cost"]} | {name: timed(run, name) for name in run["times"]}
        other = references.get(run["configuration"]["seed"])
        if other is not None:
            numbers |= {ratio: timed(run, name) / timed(other, name) for name, ratio in RATIOS.items()}
            rates = timed(run, "images_per_second"), timed(other, "images_per_second")
            numbers["images_per_second_ratio"] = rates[0] / rates[1]
        for name, value in numbers.items():
            if value is not None:
                values.setdefault(name, []).append(value)
    configuration = {name: value for name, value in runs[0]["configuration"].items() if name != "seed"}
    seeds = [run["configuration"]["seed"] for run in runs]
    spreads = {name: spread(found) for name, found in values.items()}
    return {"configuration": configuration, "input_size": runs[0]["input_size"], "seeds": seeds, **spreads}
