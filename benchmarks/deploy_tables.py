# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of what exports cost and whether they say the same."""

from pathlib import Path
from typing import Any

Table = tuple[list[str], list[list[str]]]

FORM_NAMES = {"image_AUROC": "image AUROC", "pixel_AUROC": "pixel AUROC"}


def deploy_table(results: dict[str, dict[str, Any]]) -> Table:
    """Lay out what each form of a model costs.

    Args:
        results (dict[str, dict[str, Any]]): Results of ``benchmarks/deploy.py`` by ``SIZE_CHANNELS``.

    Returns:
        Table: Header and rows.
    """
    header = ["size", "base channels", "form", "files", "load", "time per image", "peak memory", "above imports"]
    rows = []
    for name, result in results.items():
        size, channels = name.split("_")
        for form in result["forms"]:
            lowest, highest = (form[f"image_s_{end}"] / form["image_s"] * form["image_s_ratio"] for end in ENDS)
            time = f"x {form['image_s_ratio']:.2f} ({lowest:.2f} to {highest:.2f})"
            rows.append(
                [
                    f"{size} x {size}",
                    channels,
                    form["form"],
                    f"{form['files_mib']:.1f} MiB",
                    f"x {form['load_s_ratio']:.2f}",
                    time,
                    f"{form['peak_mib'] / 1024:.2f} GiB",
                    f"{form['peak_above_imports_mib'] / 1024:.2f} GiB",
                ]
            )
    return header, rows


ENDS = ("lowest", "highest")


def parity_table(results: dict[str, list[dict[str, Any]]]) -> Table:
    """Lay out the largest differences from the Engine.

    Args:
        results (dict[str, list[dict[str, Any]]]): Results of ``benchmarks/parity.py`` by ``SIZE_CHANNELS_SCORE``.

    Returns:
        Table: Header and rows.
    """
    header = ["size", "base channels", "score", "form", "raw images", "scores", "maps"]
    rows = []
    for name, result in results.items():
        size, channels, score = name.split("_")
        for form in dict.fromkeys(row["form"] for row in result):
            own = [row for row in result if row["form"] == form]
            worst = [f"{max(row[key] for row in own):.1e}" for key in ("score", "map")]
            sizes = ", ".join(dict.fromkeys(row["size"] for row in own))
            rows.append([f"{size} x {size}", channels, score, form, sizes, *worst])
    return header, rows


def accuracy_table(results: dict[str, dict[str, Any]]) -> Table:
    """Lay out what INT8 and antialiasing do to the AUROC.

    Args:
        results (dict[str, dict[str, Any]]): Results of ``benchmarks/export_accuracy.py`` by ``DATA_CONFIG``.

    Returns:
        Table: Header and rows.
    """
    rows = []
    for name, result in results.items():
        data = name.removesuffix(f"_{Path(result['config']).stem}")
        for form, metrics in result["forms"].items():
            values = [f"{metrics[metric]:.3f}" for metric in FORM_NAMES]
            rows.append([data, f"`{result['config']}`", form, *values])
    return ["data set", "configuration", "form", *FORM_NAMES.values()], rows
