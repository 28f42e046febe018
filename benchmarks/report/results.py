# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""All results of a folder: runs of comparisons, and the paper's experiments with the paper's own numbers."""

from pathlib import Path

from .experiments import KINDS, Experiment, load_experiments
from .runs import PaperValues, Run, load_paper_values, load_runs


def load_results(folder: Path) -> tuple[list[Run], PaperValues, list[Experiment]]:
    """Read all results of a folder, and the published values that stand beside them."""
    runs, experiments = load_runs(folder), load_experiments(folder)
    if not runs and not experiments:
        names = ", ".join(f"{kind}_NAME.json" for kind in KINDS)
        msg = f"no results in {folder}: expected <data>/<model>/seed<k>/result.json, or {names}"
        raise ValueError(msg)
    return runs, load_paper_values(folder), experiments
