# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""All results of a folder: runs of comparisons, and the paper's experiments with the paper's own numbers."""

from pathlib import Path

from .experiments import KINDS, Experiment, load_experiments
from .runs import PaperValues, Run, load_paper_values, load_runs


def load_results(folder: Path) -> tuple[list[Run], PaperValues, list[Experiment]]:
    """Read all results of a folder, and the published values that stand beside them.

    Args:
        folder (Path): Folder with ``<data>/<model>/seed<k>/result.json``, perhaps ``paper.json``, and result files of
            experiments, ``paper_NAME.json``, ``one_class_NAME.json`` or ``ablation_NAME.json``.

    Returns:
        tuple[list[Run], PaperValues, list[Experiment]]: Runs, sorted by data set, model and seed, what was published
            about them, and experiments; not both are empty.

    Raises:
        ValueError: If there is no result, a file is broken, or runs do not fit together.
        OSError: If a file cannot be read.
    """
    runs, experiments = load_runs(folder), load_experiments(folder)
    if not runs and not experiments:
        names = ", ".join(f"{kind}_NAME.json" for kind in KINDS)
        msg = f"no results in {folder}: expected <data>/<model>/seed<k>/result.json, or {names}"
        raise ValueError(msg)
    return runs, load_paper_values(folder), experiments
