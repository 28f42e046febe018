# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A few test images with their masks and maps, kept as numbers and drawn."""

import io
from pathlib import Path

import numpy as np
import torch
from anomalib.models.components import AnomalibModule
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch.nn import functional

from anomalib_scadn import Scadn
from anomalib_scadn.files import write_whole
from comparison.data import Sample, read_test_image
from comparison.models import preprocess

MAX_EXAMPLES = 6
PANEL_INCHES = 2.0

Arrays = dict[str, np.ndarray]


def choose_examples(samples: list[Sample]) -> list[int]:
    """Choose images by their place alone, so that every model shows the same ones.

    Args:
        samples (list[Sample]): The test images.

    Returns:
        list[int]: Positions, at most six: the middle image of each kind, normal ones first, then more of each kind
            of defect.
    """
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
    """Collect what pictures are drawn from.

    Args:
        model (AnomalibModule): Fitted model.
        samples (list[Sample]): All test images.
        chosen (list[int]): Positions of the examples.
        maps (torch.Tensor | None): Maps of all test images, shape (M, H, W), if the model has any.
        masks (torch.Tensor): Their masks, shape (M, H, W).

    Returns:
        Arrays: ``names``, ``images`` (N, H, W, 3) and ``masks`` (N, H, W); if there are maps, ``maps`` (N, H, W) and
            ``limits``, the lowest and highest value over the maps of all test images; for SCADN ``composites``
            (N, H, W, 3).
    """
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
    """Keep what the pictures are drawn from.

    Args:
        path (Path): ``.npz`` file to write.
        arrays (Arrays): From :func:`collect`.
    """
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    write_whole(path, data.getvalue())


def composite(model: Scadn, image: torch.Tensor) -> torch.Tensor:
    """Join the reconstructions of the scale that the score chose.

    Args:
        model (Scadn): Fitted model.
        image (torch.Tensor): Shape (3, H, W), range [0, 1].

    Returns:
        torch.Tensor: Shape (3, h, w) in the model's size, range [0, 1]: every pixel comes from the pass in which it
            was removed, the mean of its vertical and its horizontal one.
    """
    resized = preprocess(model, [image])
    with torch.no_grad():
        chosen = int(model.model.score(resized).selected_scale)
        return model.model.composites(resized)[0, chosen].mean(dim=0).cpu()


def _to_8_bit(image: torch.Tensor, size: torch.Size) -> np.ndarray:
    plain = image.as_subclass(torch.Tensor).unsqueeze(0)
    resized = functional.interpolate(plain, size=size, mode="bilinear", antialias=True)[0]
    return (resized.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def draw_examples(source: Path, path: Path, title: str) -> None:
    """Draw the examples of one run, a row each: image, mask, map and, for SCADN, composite.

    Args:
        source (Path): File of :func:`save_examples`.
        path (Path): PNG to write.
        title (str): Stands above.
    """
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
    """Draw the examples of several models beside each other; each model's maps, if any, have their own colour range.

    Args:
        sources (dict[str, Path]): File of :func:`save_examples` by model; all with the same images.
        path (Path): PNG to write.
        title (str): Stands above.
    """
    columns: list[tuple[str, np.ndarray, dict]] = []
    for model, source in sources.items():
        with np.load(source) as arrays:
            if not columns:
                columns = [("image", arrays["images"], {}), ("mask", arrays["masks"], {"cmap": "gray", "vmin": 0})]
                names = list(arrays["names"])
            columns += _map_column(model, arrays)
    save_figure(draw_grid(columns, names, title), path)


def draw_grid(columns: list[tuple[str, np.ndarray, dict]], names: list[str], title: str) -> Figure:
    """Draw pictures in rows and columns.

    Args:
        columns (list[tuple[str, np.ndarray, dict]]): Title, pictures and arguments of ``imshow``.
        names (list[str]): Names of the rows.
        title (str): Stands above.

    Returns:
        Figure: Not yet saved.
    """
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


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure whole or not at all.

    Args:
        figure (Figure): The figure.
        path (Path): PNG to write.
    """
    FigureCanvasAgg(figure)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=100)
    write_whole(path, data.getvalue())
