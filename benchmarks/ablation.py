# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The rows of the paper's ablation (SCADN, Table 4).

How they are read:
    - S1, S2 and S3 alone are trained, and tested, with the masks of that scale alone. The paper names no merging
      there; the four maps of the scale are merged by their maximum, and mu_i can change nothing where one scale is all.
    - Without mu_i the scale with the highest mean error is taken. This, and merging by the mean, is inference: the
      last three rows are one training, tested three times.
"""

from typing import Any, NamedTuple

PAPER_SCORE = {"model.score": "PaperScore", "model.score.subtract_reference": False}


class Row(NamedTuple):
    """A row of Table 4.

    Attributes:
        label (str): What is left out of SCADN.
        parts (tuple[str, str, str, str]): Adversarial loss, scales, merging, whether mu_i is subtracted.
        changes (dict[str, Any]): Options of anomalib that the row changes.
        is_trained (bool): Whether it has a training of its own; if not, it is tested with the weights of ``"full"``.
    """

    label: str
    parts: tuple[str, str, str, str]
    changes: dict[str, Any]
    is_trained: bool = True


FULL = "full"

ABLATION = {
    "no_adversarial": Row("no adversarial loss", ("", "S1 S2 S3", "max", "yes"), {"model.lambda_adv": 0}),
    "S1": Row("S1 alone", ("yes", "S1", "", ""), {"model.stripes": [4]}),
    "S2": Row("S2 alone", ("yes", "S2", "", ""), {"model.stripes": [8]}),
    "S3": Row("S3 alone", ("yes", "S3", "", ""), {"model.stripes": [16]}),
    "mean": Row(
        "merged by mean, no mu_i",
        ("yes", "S1 S2 S3", "mean", ""),
        {**PAPER_SCORE, "model.score.merge": "mean"},
        is_trained=False,
    ),
    "max": Row("merged by max, no mu_i", ("yes", "S1 S2 S3", "max", ""), PAPER_SCORE, is_trained=False),
    FULL: Row("all", ("yes", "S1 S2 S3", "max", "yes"), {}),
}

TESTED = [name for name, row in ABLATION.items() if not row.is_trained]
"""Rows that are measured with the weights of ``"full"``."""

OPTIONS = tuple(dict.fromkeys(name for row in ABLATION.values() for name in row.changes))
"""Options that the rows set."""
