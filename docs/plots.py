# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Plot for the documents what was measured.

python docs/plots.py curve    # docs/images/curve.png: what more training buys, from benchmarks/results/curve_*.json
python docs/plots.py latency  # docs/images/latency.png: accuracy over the time of an image, from
                              # benchmarks/results/{latency,ways,curve,networks,compare}_*.json
"""

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

IMAGES = Path(__file__).parent / "images"
RESULTS = Path(__file__).parents[1] / "benchmarks/results"

MEASURES = {"image_AUROC": "image AUROC", "pixel_AUROC": "pixel AUROC", "repair_rate": "repair rate"}
"""What is plotted over steps, and its title."""

LINES = {8: "-", 16: "--", 32: ":"}
"""Styles of lines by base channels."""

TIMED = {"elpv_mono": 128, "fabric_03": 256}
"""Data sets whose AUROC is plotted over time, and the size of their images in pixels."""

STEPS = 1000
"""Steps of the trainings that are plotted over time: those of the configurations."""

ASKED = {"once": "one pass", "striped": "twelve passes"}
MARKERS = {"patchcore": "*", "padim": "^"}

Networks = dict[tuple[str, str], dict[int, float]]
"""A number by kind of residual blocks and way to ask, then by base channels."""


def curve() -> Figure:
    """Plot image AUROC, pixel AUROC and repair rate over the steps of a training, a line for each width."""
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    axes = figure.subplots(1, len(MEASURES))
    for path in sorted(RESULTS.glob("curve_*.json"), key=lambda path: len(path.name)):
        content = results(path.stem)
        (name,), width, side = content["data"], content["base_channels"], content["image_size"]
        label, marker, large = f"{name}, {width} channels", ".", 6
        if side is not None:  # not the configuration's, which the other lines have
            label, marker, large = f"{label}, {side} x {side}", f"${side}$", 10
        colour = f"C{int(name.startswith('fabric'))}"
        runs = {key: run for key, run in content["runs"].items() if key.startswith("repair/once/")}
        steps = [int(key.split("/")[2]) for key in runs]
        for axis, (measure, title) in zip(axes, MEASURES.items(), strict=True):
            values = [run[measure] for run in runs.values()]
            if None not in values:
                style = {"label": label, "color": colour, "marker": marker, "markersize": large}
                axis.plot(steps, values, LINES[width], **style)
            axis.set(xlabel="steps", title=title)
            axis.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize=7)
    return figure


def latency() -> Figure:
    """Plot image AUROC over the time of an image: networks of several widths, PatchCore and PaDiM."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axis, (data, size) in zip(figure.subplots(1, len(TIMED)), TIMED.items(), strict=True):
        rows = [row for row in results(f"latency_{size}_8_16_32")["rows"] if row["precision"] == "f32"]
        plot_networks(axis, rows, areas_of_networks(data))
        models = results(f"compare_{data}")["data"][data]["models"]
        for row in (row for row in rows if row["form"] in MARKERS):
            name, time = row["form"], milliseconds(row)
            axis.plot(time, models[name]["image_AUROC"]["median"], MARKERS[name], color="black", label=name)
        axis.set(xlabel="ms for an image", ylabel="image AUROC", title=f"{data}, {size} x {size}", xscale="log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(ScalarFormatter())
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    return figure


def plot_networks(axis: Axes, rows: list[dict[str, Any]], areas: Networks) -> None:
    """Plot a line for each kind of network, a point for each width."""
    ours = [row for row in rows if row["form"] == "OpenVINO"]
    times = {(row["residual"], row["passes"], row["base_channels"]): milliseconds(row) for row in ours}
    for (residual, asked), found in sorted(areas.items()):
        widths = sorted(width for width in found if (residual, asked, width) in times)
        x, y = [times[residual, asked, width] for width in widths], [found[width] for width in widths]
        axis.plot(x, y, "o-" if asked == "once" else "s--", label=f"{ASKED[asked]}, {residual} blocks")
        for point in zip(widths, x, y, strict=True):
            axis.annotate(str(point[0]), point[1:], textcoords="offset points", xytext=(4, 4), fontsize=7)


def areas_of_networks(data: str) -> Networks:
    """Collect image AUROC: medians over seeds after repair and one pass, and after stripes and twelve passes."""
    found: Networks = {}
    # Last the configurations' own width of 8 channels, which has three seeds.
    for path in (path for kind in ("curve", "networks", "ways") for path in RESULTS.glob(f"{kind}_{data}*.json")):
        content = results(path.stem)
        for trained, asked in (("repair", "once"), ("stripes", "striped")):
            begin = f"{trained}/{asked}/{STEPS}/"
            areas = [run["image_AUROC"] for key, run in content["runs"].items() if key.startswith(begin)]
            if areas:
                kind = content.get("residual", "full"), asked
                found.setdefault(kind, {})[content.get("base_channels", 8)] = median(areas)
    return found


def milliseconds(row: dict[str, Any]) -> float:
    """Tell how long an image took."""
    return 1000 * row["image_s"]["median"]


def results(name: str) -> dict[str, Any]:
    """Read a result file of the measurements."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def main() -> None:
    """Draw one plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    plots = {"curve": curve, "latency": latency}
    parser.add_argument("plot", choices=list(plots))
    name = parser.parse_args().plot
    figure = plots[name]()
    FigureCanvasAgg(figure)
    figure.savefig(IMAGES / f"{name}.png", dpi=80)
    print(IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
