# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of what exports cost, whether they say the same, and of the memory that validation takes."""

from pathlib import Path
from typing import Any

from layout import Table, named

ENDS = ("lowest", "highest")
FORM_NAMES = named("image_AUROC", "pixel_AUROC")


def deploy_table(results: dict[str, dict[str, Any]]) -> Table:
    """Lay out what each form of a model costs."""
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


def parity_table(results: dict[str, list[dict[str, Any]]]) -> Table:
    """Lay out the largest differences from the Engine."""
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
    """Lay out what INT8 and antialiasing do to the AUROC."""
    rows = []
    for name, result in results.items():
        data = name.removesuffix(f"_{Path(result['config']).stem}")
        for form, metrics in result["forms"].items():
            values = [f"{metrics[metric]:.3f}" for metric in FORM_NAMES]
            rows.append([data, f"`{result['config']}`", form, *values])
    return ["data set", "configuration", "form", *FORM_NAMES.values()], rows


def memory_table(result: list[dict[str, Any]]) -> Table:
    """Table of the memory that validation takes."""
    rows = [
        [
            str(row["images"]),
            f"{row['image_size']} x {row['image_size']}",
            str(row["base_channels"]),
            f"{row['before_gigabytes']:.2f} GB",
            f"{row['peak_gigabytes']:.2f} GB",
        ]
        for row in result
    ]
    return ["images", "size", "base channels", "before", "peak"], rows
