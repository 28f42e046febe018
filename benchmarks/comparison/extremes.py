# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The test images that a model separates best and worst, of each class, with what it made of them."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from comparison.examples import Arrays

SHOWN = 3
PANEL_INCHES = 1.3
CONTOUR = "#00e5ff"

Groups = dict[str, list[int]]


def choose_extremes(scores: torch.Tensor, labels: torch.Tensor) -> Groups:
    """Choose the images with the lowest and the highest scores of each class; none twice.

    Args:
        scores (torch.Tensor): Image scores, shape (N,), higher is more anomalous.
        labels (torch.Tensor): 0 = normal, 1 = anomalous, shape (N,).

    Returns:
        Groups: Positions of at most three images each, the most extreme first; groups without any are left out.
    """
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
    """Draw a row per group: of each image itself with the ground truth outlined, its map and its composite, if any.

    Args:
        groups (Groups): From :func:`choose_extremes`.
        arrays (Arrays): Of the images of all groups in their order, from :func:`comparison.examples.collect`.
        scores (list[float]): Their image scores.
        title (str): Stands above.

    Returns:
        Figure: Not yet saved.
    """
    panels = 1 + ("maps" in arrays) + ("composites" in arrays)
    size = (PANEL_INCHES * panels * SHOWN + 0.3, (PANEL_INCHES + 0.35) * len(groups) + 0.4)
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
