# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Pictures of test images with their masks and maps: the same for every model, and those separated best and worst."""

import io
from pathlib import Path

import numpy as np
import torch
from anomalib.models.components import AnomalibModule
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch.nn import functional

from anomalib_scadn import Scadn
from anomalib_scadn.files import write_whole
from data import Sample, read_test_image
from models import preprocess

MAX_EXAMPLES = 6
PANEL_INCHES = 2.0
SHOWN = 3
SMALL_PANEL_INCHES = 1.3
CONTOUR = "#00e5ff"

Arrays = dict[str, np.ndarray]
Groups = dict[str, list[int]]
Column = tuple[str, list[np.ndarray] | np.ndarray, dict]
"""Title, pictures and arguments of ``imshow``."""


def draw(
    folder: Path,
    title: str,
    model: AnomalibModule,
    samples: list[Sample],
    scores: torch.Tensor,
    maps: torch.Tensor | None,
    masks: torch.Tensor,
) -> None:
    """Draw some test images: the same for every model, and those that this one separates best and worst."""
    save_examples(folder / "examples.npz", collect(model, samples, choose_examples(samples), maps, masks))
    draw_examples(folder / "examples.npz", folder / "examples.png", title)
    groups = choose_extremes(scores, torch.tensor([sample.label for sample in samples]))
    chosen = [place for group in groups.values() for place in group]
    figure = draw_extremes(groups, collect(model, samples, chosen, maps, masks), scores[chosen].tolist(), title)
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


def collect(
    model: AnomalibModule, samples: list[Sample], chosen: list[int], maps: torch.Tensor | None, masks: torch.Tensor
) -> Arrays:
    """Collect what pictures are drawn from."""
    size = masks.shape[-2:]
    images = [read_test_image(samples[position]) for position in chosen]
    arrays = {
        "names": np.array([samples[position].name for position in chosen]),
        "images": np.stack([_to_8_bit(image, size) for image in images]),
        "masks": masks[chosen].numpy(),
    }
    if maps is not None:
        arrays["maps"] = maps[chosen].numpy()
        arrays["limits"] = np.array([float(maps.min()), float(maps.max())])
    if isinstance(model, Scadn):
        arrays["composites"] = np.stack([_to_8_bit(composite(model, image), size) for image in images])
    return arrays


def save_examples(path: Path, arrays: Arrays) -> None:
    """Keep what the pictures are drawn from."""
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    write_whole(path, data.getvalue())


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


def draw_examples(source: Path, path: Path, title: str) -> None:
    """Draw the examples of one run, a row each: image, mask, map and, for SCADN, composite."""
    with np.load(source) as arrays:
        columns = [("image", arrays["images"], {}), ("mask", arrays["masks"], {"cmap": "gray", "vmin": 0, "vmax": 1})]
        columns += _map_column("map", arrays)
        if "composites" in arrays:
            columns.append(("composite", arrays["composites"], {}))
        names = list(arrays["names"])
    save_figure(draw_grid(columns, names, title), path)


def _map_column(heading: str, arrays: Arrays) -> list[tuple[str, np.ndarray, dict]]:
    if "maps" not in arrays:
        return []
    low, high = arrays["limits"]
    return [(heading, arrays["maps"], {"cmap": "inferno", "vmin": low, "vmax": high})]


def draw_sheet(sources: dict[str, Path], path: Path, title: str) -> None:
    """Draw the examples of several models beside each other; each model's maps, if any, have their own colour range."""
    columns: list[tuple[str, np.ndarray, dict]] = []
    for model, source in sources.items():
        with np.load(source) as arrays:
            if not columns:
                columns = [("image", arrays["images"], {}), ("mask", arrays["masks"], {"cmap": "gray", "vmin": 0})]
                names = list(arrays["names"])
            columns += _map_column(model, arrays)
    save_figure(draw_grid(columns, names, title), path)


def draw_grid(columns: list[tuple[str, np.ndarray, dict]], names: list[str], title: str) -> Figure:
    """Draw pictures in rows and columns."""
    figure = Figure(figsize=(PANEL_INCHES * len(columns), PANEL_INCHES * len(names) + 0.6), layout="constrained")
    axes = figure.subplots(len(names), len(columns), squeeze=False)
    for place, (heading, pictures, options) in enumerate(columns):
        axes[0, place].set_title(heading, fontsize=9)
        for row, picture in enumerate(pictures):
            axes[row, place].imshow(picture, **options)
            axes[row, place].set_xticks([])
            axes[row, place].set_yticks([])
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
    axes = figure.subplots(len(groups), panels * SHOWN, squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], frame_on=False)
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
        low, high = arrays["limits"]
        _show(axes[1], arrays["maps"][place], "map", cmap="inferno", vmin=low, vmax=high)
    if "composites" in arrays:
        _show(axes[2], arrays["composites"][place], "reconstruction")


def _show(axis: Axes, picture: np.ndarray, title: str, **options: object) -> None:
    axis.imshow(picture, **options)
    axis.set_title(title, fontsize=6)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure whole or not at all."""
    FigureCanvasAgg(figure)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=100)
    write_whole(path, data.getvalue())
