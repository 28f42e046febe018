# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A sheet of synthetic anomalies: one look tells whether they resemble one's defects."""

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from anomalib_scadn.anomalies import FILLINGS, Anomalies, draw_anomalies

from .visualizer import PANEL_INCHES, TITLE_INCHES, show


def draw_sheet(images: torch.Tensor, seed: int = 0) -> Figure:
    """Draw anomalies of each filling into images, and of all as in training.

    Args:
        images (torch.Tensor): Normal images, shape (N, 3, H, W), range [0, 1].
        seed (int): Seed of the anomalies. Defaults to ``0``.

    Returns:
        Figure: A row per image; columns are the image, one anomaly of each filling, and one to three of any, outlined.
    """
    generator = torch.Generator().manual_seed(seed)
    columns = {"normal": Anomalies(images, torch.ones_like(images[:, :1]))}
    for filling in FILLINGS:
        columns[filling] = draw_anomalies(images, generator, fillings=[filling], most=1)
    columns["as in training"] = draw_anomalies(images, generator)
    height = PANEL_INCHES * images.shape[-2] / images.shape[-1]
    figure = Figure(figsize=(PANEL_INCHES * len(columns), height * len(images) + TITLE_INCHES))
    FigureCanvasAgg(figure)
    top = 1 - TITLE_INCHES / float(figure.get_figheight())
    grid = {"left": 0.005, "right": 0.995, "bottom": 0.005, "top": top, "wspace": 0.03, "hspace": 0.03}
    axes = figure.subplots(len(images), len(columns), squeeze=False, gridspec_kw=grid)
    for column, (title, drawn) in enumerate(columns.items()):
        for row, (image, mask) in enumerate(zip(*drawn, strict=True)):
            axis = axes[row, column]
            show(axis, image.cpu().permute(1, 2, 0), "" if row else title)
            if not mask.all():
                axis.contour(mask[0].cpu(), levels=[0.5], colors="red", linewidths=0.5)
    return figure
