# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What ``anomalib-scadn report`` draws of the paper's experiments: scores of all test images, pictures of some."""

from pathlib import Path

import torch

from comparison.data import list_test_images, read_test_mask
from comparison.run import draw, score_test_images, write_scores
from experiment import Trained
from fingerprints import without_folders
from host_arguments import Options
from machines import machine
from runs import save

SEED = "model.seed"

FIGURES_HELP = "where to keep scores and pictures of every run made now, which anomalib-scadn report FIGURES shows"


def keep_figures(folder: Path | None, data: str, row: str, options: Options, trained: Trained) -> None:
    """Score the test images once more, and keep what came out as :mod:`comparison` does.

    Args:
        folder (Path | None): Files go to ``DATA/ROW/seedK`` in it; ``None`` keeps nothing.
        data (str): Name of the data.
        row (str): Name of what was trained.
        options (Options): What differed from the configuration.
        trained (Trained): What came out.
    """
    if folder is None:
        return
    model = trained.model.eval()
    results = folder / data / row / f"seed{options[SEED]}"
    results.mkdir(parents=True, exist_ok=True)
    samples = list_test_images(trained.datamodule)
    side = model.input_size[0]
    scores, maps = score_test_images(model, samples, side)
    masks = torch.stack([read_test_mask(sample, side) for sample in samples])
    write_scores(results / "scores.csv", samples, scores)
    draw(results, f"{row}, {data}", model, samples, scores, maps, masks)
    configuration = {name: without_folders(str(value)) for name, value in options.items() if name != SEED}
    save(results / "result.json", {"configuration": configuration, "metrics": trained.metrics, "machine": machine()})
