# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The file of a score's reference values beside an exported generator.

The paper's score has three numbers there (mu_i), a composite one maps of usual errors and perhaps a backbone's weights.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anomalib_scadn.scoring import Score

SUFFIX = ".score.safetensors"


def score_path(graph: Path) -> Path:
    """Name the file of a score's values.

    Args:
        graph (Path): File of the graph.

    Returns:
        Path: A file of the same name but :data:`SUFFIX`; it need not exist.
    """
    return graph.with_suffix(SUFFIX)


def write_score(scorer: "Score", graph: Path) -> None:
    """Write a score's values, if it has any.

    Args:
        scorer (Score): The score.
        graph (Path): File of the graph; a file of the same name but :data:`SUFFIX` is written.
    """
    from safetensors.torch import save_file

    state = {name: value.contiguous().cpu() for name, value in scorer.state_dict().items()}
    if state:
        save_file(state, score_path(graph))


def read_score(scorer: "Score", graph: Path) -> None:
    """Read what :func:`write_score` wrote.

    Args:
        scorer (Score): Score of the same kind and size; its values are replaced.
        graph (Path): File of the graph.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is damaged or belongs to another score; the message names it.
    """
    if not scorer.state_dict():
        return
    path = score_path(graph)
    if not path.is_file():
        msg = f"the score's reference values are missing: no file {path}; copy it with the graph"
        raise FileNotFoundError(msg)
    from safetensors.torch import load_file

    try:
        scorer.load_state_dict(load_file(path))
    except Exception as error:  # whatever a damaged or foreign file makes the reader raise
        msg = f"{path} holds no reference values of this score: {error}"
        raise ValueError(msg) from error
