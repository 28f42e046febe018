# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of the studies of scores and of ways to train."""

from collections import Counter
from collections.abc import Iterable
from statistics import mean, median
from typing import Any

import pandas as pd

from layout import Table, count, lay_out, median_and_range, named, spread

Results = dict[str, dict[str, Any]]
"""Result files by data set."""

METRICS = {
    metric: name.removesuffix(" AUROC")
    for metric, name in named("image_AUROC", "pixel_AUROC", "PerImagePixelAUROC").items()
}
OPTION_METRICS = ("image_AUROC", "pixel_AUROC")

CHOSEN_ON = ("lace", "fabric_03")
"""Data sets that defaults were chosen on; the others confirm the choice."""

ROLES = {
    **dict.fromkeys(CHOSEN_ON, "choice"),
    "magnetic_tile": "seen meanwhile",
    "mnist_3": "choice of pooling and loss",
    "mnist_8": "seen meanwhile",
}
"""What a data set was looked at for, if not to confirm."""

SHIPPED = "mse+ssim+msgms, mean, pixel, max"
"""The score of ``configs/scadn_plus.yaml``."""

SHIPPED_FOR_CLASSES = "mse+ssim+msgms, mean, pixel, mean"
"""The score of ``configs/scadn_plus_one_class.yaml``."""

HIGHLIGHTS = (
    "paper",
    *(f"{errors}, mean, pixel, max" for errors in ("mse", "ssim", "msgms", "perceptual")),
    SHIPPED,
    SHIPPED_FOR_CLASSES,
    "mse+ssim+msgms+perceptual, mean, pixel, max",
)
"""What the short table shows."""


def highlights_table(results: Results) -> Table:
    """Lay out a few scores with the spread over seeds, and what the shipped one gains, by data set and metric."""
    rows = []
    for data, metric, label in _columns(results):
        values = {name: _values(results[data], name, metric) for name in HIGHLIGHTS}
        gain = median(values[_shipped(data)]) - median(values["paper"])
        cells = [_cell(values[name]) for name in HIGHLIGHTS]
        rows.append([data, ROLES.get(data, "confirmation"), label, *cells, f"{gain:+.3f}"])
    return ["data set", "for", "AUROC", *HIGHLIGHTS, "shipped - paper"], rows


def scores_table(results: Results) -> Table:
    """Lay out all scores by medians over seeds; first the best mean on the data sets that defaults were chosen on."""
    columns = _columns(results)
    runs = (run["metrics"] for result in results.values() for run in result["runs"].values())
    medians = {}
    for name in dict.fromkeys(name for metrics in runs for name in metrics):
        found = [_values(results[data], name, metric) for data, metric, _ in columns]
        if all(found):
            medians[name] = list(map(median, found))

    def overall(name: str) -> float:
        return sum(value for value, (data, *_) in zip(medians[name], columns, strict=True) if data in CHOSEN_ON)

    rows = [[name, *map("{:.3f}".format, medians[name])] for name in sorted(medians, key=overall, reverse=True)]
    return ["score", *(f"{data}: {label}" for data, _, label in columns)], rows


def gains_table(results: Results) -> Table:
    """Lay out what the shipped score gains over the paper's, over all data sets."""
    columns = _columns(results)
    wanted = Counter(label for _, _, label in columns)
    gains: dict[tuple[str, str], dict[str, float]] = {}
    for data, metric, label in columns:
        paper = median(_values(results[data], "paper", metric))
        for configuration, score in _configured(data).items():
            if found := _values(results[data], score, metric):
                gains.setdefault((configuration, label), {})[data] = median(found) - paper
    rows: dict[tuple[str, ...], list[str]] = {}
    for (configuration, label), found in sorted(gains.items()):
        if len(found) == wanted[label]:
            # MNIST is one data set, whatever the number of its classes.
            by_set = pd.Series(found).groupby(lambda data: "mnist" if data.startswith("mnist_") else data).mean()
            values = (mean(found.values()), by_set.mean(), min(found.values()))
            row = [configuration, label, str(len(found)), *(f"{value:+.3f}" for value in values)]
            # Configurations that differ on none of the data sets share a row.
            rows.setdefault((label, str(found)), row)
    header = ["configuration", "AUROC", "data sets and classes", "mean gain", "mean gain, MNIST once", "lowest gain"]
    return header, list(rows.values())


def _configured(data: str) -> dict[str, str]:
    """Name the score of a data set by configuration."""
    own = {"scadn_plus": SHIPPED, "that of its question": _shipped(data)}
    return own | {f"{name}, with perceptual": score.replace(",", "+perceptual,", 1) for name, score in own.items()}


def options_table(results: Results) -> Table:
    """Lay out ways to train, with the paper's score and the shipped one."""
    columns = {
        f"{data}: {'paper' if score == 'paper' else 'shipped'}, {METRICS[metric]}": (data, score, metric)
        for data, result in results.items()
        for score in ("paper", _shipped(data))
        for metric in OPTION_METRICS
        if _values(result, score, metric)
    }
    rows = [
        [option, *(_cell(_values(results[data], score, metric, option)) for data, score, metric in columns.values())]
        for option in dict.fromkeys(key.rpartition("/")[0] for result in results.values() for key in result["runs"])
    ]
    return ["training", *columns], rows


def cost_table(results: Results) -> Table:
    """Lay out what scores cost beside the twelve passes."""
    columns = {"size": "{image_size} x {image_size}", "base channels": "{base_channels}", "score": "{score}"}
    share = "{ratio:.2%} ({ratio_lowest:.2%} to {ratio_highest:.2%})"
    rows = [
        {**result, "score": name, **ratios}
        for result in sorted(results.values(), key=lambda result: (result["image_size"], result["base_channels"]))
        for name, ratios in result["scores"].items()
        if name != "passes"
    ]
    return lay_out({**columns, "share of the twelve passes' time": share}, rows)


def _shipped(data: str) -> str:
    return SHIPPED_FOR_CLASSES if data.startswith("mnist_") else SHIPPED


def _columns(results: Results) -> list[tuple[str, str, str]]:
    """List data set, metric and its label; those that defaults were chosen on come first."""
    order = sorted(results, key=lambda data: (data not in CHOSEN_ON, data))
    return [
        (data, metric, label)
        for data in order
        for metric, label in METRICS.items()
        if _values(results[data], "paper", metric)
    ]


def _values(result: dict[str, Any], score: str, metric: str, option: str | None = None) -> list[float]:
    """Collect a score's metric over seeds, of one way to train if it is named; empty where it is not defined."""
    runs = (run for key, run in result["runs"].items() if option in (None, key.rpartition("/")[0]))
    found = [run["metrics"].get(score, {}).get(metric) for run in runs]
    return [value for value in found if value is not None]


def _cell(values: list[float]) -> str:
    if not values:
        return ""
    middle = f"{median(values):.3f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.3f} to {max(values):.3f})"


WAY, ASKED, STEPS, SEED = range(4)
"""Parts of the key of a run of ``ways.py``."""

SYNTHETIC = {"repair_rate": "repair rate", "synthetic_image_AUROC": "synthetic: image"}
"""What is measured without a defect; ``anomalib-scadn choose`` compares the first."""

TWELVE_PASSES = ("stripes", "striped")
"""The paper's way to train and to ask."""

ONE_PASS = ("repair", "once")
"""The shipped way to train and to ask for one pass."""


def ways_table(results: Results) -> Table:
    """Lay out ways to train and to ask: real defects, then synthetic anomalies."""
    shown = METRICS | SYNTHETIC
    rows = []
    for data, result in results.items():
        for key, runs in _ways(result).items():
            rows.append([data, *key, *_spreads(runs, shown)])
    return ["data set", "trained on", "asked", "steps", *shown.values()], rows


def networks_table(results: Results) -> Table:
    """Lay out what narrow and separable networks cost and find: one pass after repair."""
    rows = []
    for result in sorted(results.values(), key=lambda result: (*result["data"], *_network(result))):
        residual, blocks, width = _network(result)
        for key, runs in _ways(result).items():
            if key[:STEPS] == ONE_PASS:
                cost = count(runs[0]["multiply_adds"])
                shown = _spreads(runs, METRICS | SYNTHETIC)
                rows.append([*result["data"], str(width), f"{blocks} {residual}", key[STEPS], cost, *shown])
    header = ["data set", "base channels", "residual blocks", "steps", "multiply-adds of an image"]
    return [*header, *METRICS.values(), *SYNTHETIC.values()], rows


def without_table(results: Results) -> Table:
    """Lay out what trainings find that lack a kind of synthetic anomalies."""
    shown = METRICS | SYNTHETIC
    rows = [
        [*result["data"], result["without"], key[STEPS], *_spreads(runs, shown)]
        for result in results.values()
        for key, runs in _ways(result).items()
    ]
    return ["data set", "without", "steps", *shown.values()], rows


def _network(result: dict[str, Any]) -> tuple[str, int, int]:
    """Name a generator: kind and number of its residual blocks, channels."""
    return result.get("residual", "full"), result.get("residual_blocks", 8), result["base_channels"]


def choice_table(results: Results) -> Table:
    """Lay out what is chosen by synthetic anomalies alone, and what that gains on real ones over twelve passes."""
    rows = []
    for data, result in results.items():
        ways = _ways(result)
        last = max(int(key[STEPS]) for key in ways)
        tried = [key for key in ways if int(key[STEPS]) == last]
        chosen = max(
            (key for key in tried if key[ASKED] == "once"), key=lambda key: _median(ways[key], next(iter(SYNTHETIC)))
        )
        paper = next(key for key in tried if key[:STEPS] == TWELVE_PASSES)
        runs = pd.DataFrame([*result["runs"].values()])
        gains = [_gain(ways[chosen], ways[paper], metric) for metric in METRICS]
        trust = [runs[name].corr(runs["image_AUROC"], "spearman") for name in SYNTHETIC]  # none if all areas are equal
        cells = ["" if pd.isna(one) else f"{one:.2f}" for one in trust]
        rows.append([data, *cells, str(len(runs)), chosen[WAY], *gains])
    titles = [f"{title} AUROC, gain" for title in METRICS.values()]
    return ["data set", *(f"rank correlation, {name}" for name in SYNTHETIC.values()), "runs", "chosen", *titles], rows


def _ways(result: dict[str, Any]) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """Group runs by all but their seed."""
    grouped: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for key, run in result["runs"].items():
        grouped.setdefault(tuple(key.split("/"))[:SEED], []).append(run)
    return grouped


def _spreads(runs: list[dict[str, Any]], metrics: Iterable[str]) -> list[str]:
    """Write metrics with their spread over seeds; nothing where one is not defined."""
    values = ([run[metric] for run in runs if run[metric] is not None] for metric in metrics)
    return [spread(median_and_range(found)) if found else "" for found in values]


def _median(runs: list[dict[str, Any]], metric: str) -> float:
    return median(run[metric] for run in runs)


def _gain(runs: list[dict[str, Any]], others: list[dict[str, Any]], metric: str) -> str:
    """Write what one way has more than another; nothing where there are no masks."""
    if runs[0][metric] is None:
        return ""
    return f"{_median(runs, metric) - _median(others, metric):+.3f}"
