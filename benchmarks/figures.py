# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What ``anomalib-scadn report`` draws of the paper's experiments: scores of all test images, pictures of some."""

import traceback
from dataclasses import dataclass
from pathlib import Path

import torch

from comparison.data import list_test_images, read_test_mask
from comparison.run import draw, score_test_images, write_scores
from experiment import Trained
from fingerprints import named_hash, without_folders
from host_arguments import Options
from machines import machine
from runs import save

SEED = "model.seed"

FIGURES_HELP = "where to keep scores and pictures of every run made now, which anomalib-scadn report FIGURES shows"


@dataclass(frozen=True)
class Figures:
    """Where the figures of one data set's runs go, and what tells them from others.

    Args:
        folder (Path): Files go to ``DATA/ROW/seedK`` in it.
        data (str): Name of the data.
        files (str): Fingerprint of the images.
        config (Path): Configuration file.
    """

    folder: Path
    data: str
    files: str
    config: Path

    def keep(self, row: str, options: Options, trained: Trained) -> None:
        """Score the test images once more, and keep what came out as :mod:`comparison` does.

        A failure is printed and goes no further: hours of training shall not be lost for a picture.

        Args:
            row (str): Name of what was trained.
            options (Options): What differed from the configuration.
            trained (Trained): What came out.
        """
        try:
            self._keep(self.folder / self.data / row / f"seed{options[SEED]}", row, options, trained)
        except Exception:  # whatever it is, the metrics are there
            traceback.print_exc()
            print(f"no figures of {self.data}, {row}", flush=True)

    def _keep(self, results: Path, row: str, options: Options, trained: Trained) -> None:
        (results / "result.json").unlink(missing_ok=True)  # written last: where it is, the others belong to it
        results.mkdir(parents=True, exist_ok=True)
        model = trained.model.to(trained.device).eval()  # the host moves it back to the processor
        samples = list_test_images(trained.datamodule)
        side = model.input_size[0]
        scores, maps = score_test_images(model, samples, side)
        masks = torch.stack([read_test_mask(sample, side) for sample in samples])
        write_scores(results / "scores.csv", samples, scores)
        draw(results, f"{row}, {self.data}", model, samples, scores, maps, masks)
        configuration = {
            "config": named_hash(self.config),
            "files": self.files,
            "image_size": side,
            **{name: without_folders(str(value)) for name, value in options.items() if name != SEED},
        }
        result = {"configuration": configuration, "metrics": trained.metrics, "machine": machine()}
        save(results / "result.json", result)
