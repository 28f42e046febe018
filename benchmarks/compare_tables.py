# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of comparisons of SCADN with the host's models; each is a header and rows of text."""

from collections.abc import Callable, Iterator

Table = tuple[list[str], list[list[str]]]

QUALITY = {
    "image_AUROC": "image AUROC",
    "image_F1Max": "best image F1",
    "pixel_AUROC": "pixel AUROC",
    "pixel_AUPRO": "AUPRO",
    "PerImagePixelAUROC": "per-image pixel AUROC",
}
TIMES = {
    "fit": ("fit_s", "fit_ratio", "{:.1f} s"),
    "latency, batch 1": ("latency_1_ms", "latency_1_ratio", "{:.1f} ms"),
    "latency, batch 8": ("latency_8_ms", "latency_8_ratio", "{:.1f} ms"),
    "images per second": ("images_per_second", "images_per_second_ratio", "{:.2f}"),
}
"""Name of the value and of the ratio, and how the value is written."""

COUNTS = ("train_images", "test_images")
"""What says that a data set was not taken whole."""


def compare_quality_table(comparisons: dict[str, dict]) -> Table:
    """Lay out the scores of all models.

    Args:
        comparisons (dict[str, dict]): Summaries of :func:`comparison.summary.summarize` by name.

    Returns:
        Table: A row per data set and model.
    """
    rows = []
    for data, model, row, _ in rows_of(comparisons):
        seeds, size = str(len(row["seeds"])), " x ".join(map(str, row["input_size"]))
        rows.append([data, model, setting(row), size, seeds, *(spread(row.get(name)) for name in QUALITY)])
    return ["data set", "model", "configuration", "input", "seeds", *QUALITY.values()], rows


def compare_gap_table(comparisons: dict[str, dict]) -> Table:
    """Lay out how far SCADN lies from PatchCore on the same images.

    Args:
        comparisons (dict[str, dict]): As in :func:`compare_quality_table`.

    Returns:
        Table: A row per data set that both were run on: SCADN's medians less PatchCore's.
    """
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
    """Lay out what all models cost: the reference model's own times, and the others' ratios to them.

    Args:
        comparisons (dict[str, dict]): As in :func:`compare_quality_table`.

    Returns:
        Table: A row per data set and model.
    """
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
    """Go through all comparisons.

    Args:
        comparisons (dict[str, dict]): As in :func:`compare_quality_table`.

    Yields:
        tuple[str, str, dict, str]: Data set, model, its summary, and the model that times are ratios to.
    """
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


def spread(value: dict[str, float] | None, text: Callable[[float], str] = "{:.3f}".format) -> str:
    """Write a median, and the lowest and highest where they differ.

    Args:
        value (dict[str, float] | None): ``median``, ``lowest`` and ``highest``; ``None`` if it was not measured.
        text (Callable[[float], str]): Writes a number. Defaults to three decimals.

    Returns:
        str: Text of a cell.
    """
    if value is None:
        return "none"
    low, middle, high = (text(value[name]) for name in ("lowest", "median", "highest"))
    return middle if low == high else f"{middle} ({low} to {high})"


def setting(row: dict) -> str:
    """Say what a model was run with.

    Args:
        row (dict): A model's summary.

    Returns:
        str: SCADN's configuration file, width, epochs and numbers of images, or the backbone's weights.
    """
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
    """Name what a model was run on.

    Args:
        row (dict): A model's summary.

    Returns:
        str: Processor, threads and GPU, of every machine once.
    """
    found = [
        f"{machine['processor']}, threads: {machine['threads']}" + ("" if gpu == "none" else f", {gpu}")
        for machine in (run["machine"] for run in row["runs"])
        for gpu in [machine.get("accelerator", "none")]
    ]
    return "; ".join(dict.fromkeys(found))
