# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Pictures of test images with masks and maps, the same for every model and those separated best and worst; curves."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from anomalib.models.components import AnomalibModule
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import RocCurveDisplay
from torch.nn import functional

from anomalib_scadn import Scadn
from anomalib_scadn.files import write_whole
from data import Sample, read_test_image
from measure import Scored
from models import preprocess
from store import run_folder

MAX_EXAMPLES = 6
PANEL_INCHES = 2.0
SHOWN = 3
SMALL_PANEL_INCHES = 1.3
CONTOUR = "#00e5ff"

Arrays = dict[str, np.ndarray]
Groups = dict[str, list[int]]
Column = tuple[str, list[np.ndarray] | np.ndarray, dict]
"""Title, pictures and arguments of ``imshow``."""


def draw(folder: Path, title: str, model: AnomalibModule, scored: Scored) -> None:
    """Draw some test images: the same for every model, and those that this one separates best and worst."""
    content = io.BytesIO()
    np.savez_compressed(content, **collect(model, choose_examples(scored.samples), scored))
    write_whole(folder / "examples.npz", content.getvalue())
    draw_sheet({"map": folder / "examples.npz"}, folder / "examples.png", title, composites=True)
    groups = choose_extremes(scored.scores, scored.labels)
    chosen = [place for group in groups.values() for place in group]
    arrays = collect(model, chosen, scored)
    figure = draw_extremes(groups, arrays, scored.scores[chosen].tolist(), title)
    save_figure(figure, folder / "extremes.png")


def choose_examples(samples: list[Sample]) -> list[int]:
    """Choose images by their place alone, so that every model shows the same ones."""
    kinds: dict[str, list[int]] = {}
    for position, sample in enumerate(samples):
        kinds.setdefault(sample.kind, []).append(position)
    defects = [positions for kind, positions in sorted(kinds.items()) if kind != "good"]
    ordered = [(1 / 2, positions) for positions in [kinds.get("good", []), *defects] if positions]
    ordered += [(share, positions) for share in (1 / 4, 3 / 4, 1 / 8) for positions in defects]
    found = [positions[int(len(positions) * share)] for share, positions in ordered]
    return list(dict.fromkeys(found))[:MAX_EXAMPLES]


def collect(model: AnomalibModule, chosen: list[int], scored: Scored) -> Arrays:
    """Collect what pictures are drawn from."""
    maps, size, samples = scored.maps, scored.masks.shape[-2:], [scored.samples[place] for place in chosen]
    images = [read_test_image(sample) for sample in samples]
    arrays = {
        "names": np.array([sample.name for sample in samples]),
        "images": np.stack([_to_8_bit(image, size) for image in images]),
        "masks": scored.masks[chosen].numpy(),
    }
    if maps is not None:
        arrays["maps"] = maps[chosen].numpy()
        arrays["limits"] = np.array([float(maps.min()), float(maps.max())])
    if isinstance(model, Scadn):
        arrays["composites"] = np.stack([_to_8_bit(composite(model, image), size) for image in images])
    return arrays


def composite(model: Scadn, image: torch.Tensor) -> torch.Tensor:
    """Join the reconstructions of the scale that the score chose."""
    resized = preprocess(model, [image])
    with torch.no_grad():
        chosen = int(model.model.score(resized).selected_scale)
        return model.model.composites(resized)[0, chosen].mean(dim=0).cpu()


def _to_8_bit(image: torch.Tensor, size: torch.Size) -> np.ndarray:
    plain = image.as_subclass(torch.Tensor).unsqueeze(0)
    resized = functional.interpolate(plain, size=size, mode="bilinear", antialias=True)[0]
    return (resized.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def draw_sheet(sources: dict[str, Path], path: Path, title: str, *, composites: bool = False) -> None:
    """Draw the examples of several models beside each other; each model's maps, if any, have their own colour range."""
    columns: list[Column] = []
    for heading, source in sources.items():
        with np.load(source) as arrays:
            if not columns:
                names = list(arrays["names"])
                grey = {"cmap": "gray", "vmin": 0, "vmax": 1}
                columns = [("image", arrays["images"], {}), ("mask", arrays["masks"], grey)]
            if "maps" in arrays:
                columns.append((heading, arrays["maps"], _colours(arrays)))
            if composites and "composites" in arrays:
                columns.append(("composite", arrays["composites"], {}))
    save_figure(draw_grid(columns, names, title), path)


def _colours(arrays: Arrays) -> dict[str, object]:
    low, high = arrays["limits"]
    return {"cmap": "inferno", "vmin": low, "vmax": high}


def draw_grid(columns: list[Column], names: list[str], title: str) -> Figure:
    """Draw pictures in rows and columns."""
    figure = Figure(figsize=(PANEL_INCHES * len(columns), PANEL_INCHES * len(names) + 0.6), layout="constrained")
    axes = figure.subplots(len(names), len(columns), squeeze=False, subplot_kw={"xticks": [], "yticks": []})
    for place, (heading, pictures, options) in enumerate(columns):
        axes[0, place].set_title(heading, fontsize=9)
        for row, picture in enumerate(pictures):
            axes[row, place].imshow(picture, **options)
    for row, name in enumerate(names):
        label = name if len(name) < 30 else f"…{name[-28:]}"
        axes[row, 0].set_ylabel(label, fontsize=10 if len(label) < 18 else 6)  # a panel is high enough for both
    figure.suptitle(title, fontsize=10)
    return figure


def choose_extremes(scores: torch.Tensor, labels: torch.Tensor) -> Groups:
    """Choose the images with the lowest and the highest scores of each class; none twice."""
    order = scores.argsort(stable=True)
    normal, anomalous = (order[labels[order] == label].tolist() for label in (0, 1))
    groups = {
        "normal, best: lowest scores": normal[: (len(normal) + 1) // 2],
        "normal, worst: highest scores": normal[::-1][: len(normal) // 2],
        "anomalous, best: highest scores": anomalous[::-1][: (len(anomalous) + 1) // 2],
        "anomalous, worst: lowest scores": anomalous[: len(anomalous) // 2],
    }
    return {name: places[:SHOWN] for name, places in groups.items() if places}


def draw_extremes(groups: Groups, arrays: Arrays, scores: list[float], title: str) -> Figure:
    """Draw a row per group: of each image itself with the ground truth outlined, its map and its composite, if any."""
    panels = 1 + ("maps" in arrays) + ("composites" in arrays)
    size = (SMALL_PANEL_INCHES * panels * SHOWN + 0.3, (SMALL_PANEL_INCHES + 0.35) * len(groups) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    bare = {"xticks": [], "yticks": [], "frame_on": False}
    axes = figure.subplots(len(groups), panels * SHOWN, squeeze=False, subplot_kw=bare)
    place = 0
    for row, (name, group) in enumerate(groups.items()):
        axes[row, 0].set_ylabel(name.replace(": ", ":\n"), fontsize=7)
        for column in range(len(group)):
            _draw_image(axes[row, column * panels : (column + 1) * panels], arrays, place, scores[place])
            place += 1
    figure.suptitle(title, fontsize=10)
    return figure


def _draw_image(axes: np.ndarray, arrays: Arrays, place: int, score: float) -> None:
    name = str(arrays["names"][place]).removeprefix("test/")
    _show(axes[0], arrays["images"][place], f"{score:#.4g}\n{name if len(name) < 24 else name[:4] + '…' + name[-18:]}")
    mask = arrays["masks"][place]
    if mask.any() and not mask.all():
        axes[0].contour(mask.astype(float), levels=[0.5], colors=CONTOUR, linewidths=0.8)
    if "maps" in arrays:
        _show(axes[1], arrays["maps"][place], "map", **_colours(arrays))
    if "composites" in arrays:
        _show(axes[2], arrays["composites"][place], "reconstruction")


def _show(axis: Axes, picture: np.ndarray, title: str, **options: object) -> None:
    axis.imshow(picture, **options)
    axis.set_title(title, fontsize=6)


def draw_all(folder: Path, summary: dict[str, Any]) -> list[Path]:
    """Draw everything for each data set."""
    drawn = []
    for data, found in summary["data"].items():
        models = found["models"]
        runs = {
            model: [run_folder(folder, data, model, seed) for seed in row["seeds"]] for model, row in models.items()
        }
        drawn += [folder / data / name for name in ("roc.png", "latency.png", "maps.png")]
        save_figure(draw_roc(runs, data), drawn[-3])
        save_figure(draw_latency(models, data), drawn[-2])
        draw_sheet({model: folders[0] / "examples.npz" for model, folders in runs.items()}, drawn[-1], data)
    return drawn


def draw_roc(runs: dict[str, list[Path]], title: str) -> Figure:
    """Draw each model's ROC curves over images, one line per seed."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    for place, (model, folders) in enumerate(runs.items()):
        for table in (pd.read_csv(folder / "scores.csv") for folder in folders):
            if table["gt_label"].nunique() == 2:
                drawn = RocCurveDisplay.from_predictions(table["gt_label"], table["pred_score"], name=model, ax=axes)
                drawn.line_.set(color=f"C{place}", linewidth=1)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.5, linestyle="--")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title=f"{title}: images, one line per seed")
    axes.legend(loc="lower right")
    return figure


def draw_latency(models: dict[str, dict[str, Any]], title: str) -> Figure:
    """Draw image AUROC against the time of one image, medians with the spread over seeds."""
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    for place, (model, row) in enumerate(models.items()):
        if "image_AUROC" in row and "latency_1_ms" in row:
            x, y = row["latency_1_ms"], row["image_AUROC"]
            bars = [[[one["median"] - one["lowest"]], [one["highest"] - one["median"]]] for one in (x, y)]
            style = {"fmt": "o", "color": f"C{place}", "capsize": 3, "label": model}
            axes.errorbar([x["median"]], [y["median"]], xerr=bars[0], yerr=bars[1], **style)
    axes.set_xscale("log")
    axes.set(xlabel="ms per image (batch of 1, warm)", ylabel="image AUROC", title=title)
    axes.legend()
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure whole or not at all."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    write_whole(path, content.getvalue())
