# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What scores see, side by side, on drawn lace: a row for a flawless image and for each kind of defect."""

from pathlib import Path

import numpy as np
import torch
from anomalib.data import AnomalibDataModule, AnomalibDataset
from PIL import Image

from anomalib_scadn.masks import composites
from pictures import draw_grid, save_figure
from scores import PAPER, Study, make_variants
from training import Option, make_data, make_model

SHOWN = {
    "mse, mean, pixel, max": "mse",
    "ssim, mean, pixel, max": "ssim",
    "msgms, mean, pixel, max": "msgms",
    "mse+ssim+msgms, mean, pixel, max": "all three",
}
"""Scores beside the paper's, and the titles of their columns."""

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "scores.png"


def draw_scores(config: Path, weights: Path, picture: Path) -> None:
    """Load the generator, fit the scores, draw; each column of maps has its own range."""
    model = make_model(config, Option())
    model.model.generator.load_state_dict(torch.load(weights, weights_only=True))
    data = make_data("lace", model.input_size[0], Option())
    variants = make_variants(model.model.scorer.smoothing, perceptual=False)
    study = Study(model, {name: variants[name] for name in SHOWN}, None)
    study.fit(data.train_data, 100)
    kinds = one_of_each_kind(data)
    rows = [collect(study, data.test_data, index, model.model.masks) for index in kinds.values()]
    columns = [
        (title, [row[title] for row in rows], {} if title in ("image", "repainted") else {"cmap": "inferno"})
        for title in rows[0]
    ]
    for _, pictures, options in columns[3:]:
        options |= {"vmin": min(map(np.min, pictures)), "vmax": max(map(np.max, pictures))}
    save_figure(draw_grid(columns, list(kinds), "What scores see"), picture)
    with Image.open(picture) as drawn:  # panels as large as the model's images
        small = drawn.convert("RGB").resize((drawn.width * 5 // 8, drawn.height * 5 // 8), Image.Resampling.LANCZOS)
    small.save(picture, optimize=True)


def one_of_each_kind(data: AnomalibDataModule) -> dict[str, int]:
    """Find the first test image of each kind."""
    kinds = [Path(path).parent.name for path in data.test_data.samples.image_path]
    return {kind: kinds.index(kind) for kind in sorted(set(kinds), key=lambda kind: (kind != "good", kind))}


def collect(study: Study, dataset: AnomalibDataset, index: int, masks: torch.Tensor) -> dict[str, np.ndarray]:
    """Make the pictures of a row."""
    item = dataset[index]
    painted = composites(study.reconstruct(item.image)[1], masks)[0].flatten(0, 1).mean(dim=0)
    row = {"image": item.image, "repainted": painted}
    pictures = {name: picture.as_subclass(torch.Tensor).permute(1, 2, 0).numpy() for name, picture in row.items()}
    pictures["defect"] = np.zeros(pictures["image"].shape[:2]) if item.gt_mask is None else item.gt_mask.numpy()
    titles = {PAPER: "paper", **SHOWN}
    return pictures | {titles[name]: anomaly_map[0, 0].numpy() for name, _, anomaly_map in study.judge(item.image)}
