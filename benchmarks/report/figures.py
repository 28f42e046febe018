# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The figures of one data set: curves of all models, and for each model its histogram, examples and worst images."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from PIL import Image

from .charts import Chart, histogram_chart, precision_recall_chart, roc_chart
from .curves import Curves, compute_curves, compute_histogram, typical_run
from .runs import Run
from .scores import Scores

WORST = 5
"""Images named at most, of each class."""

# Colours and dashes that page.css has; their pairs differ for the first 42 models.
COLOURS, DASHES = 6, 7


@dataclass(frozen=True)
class Picture:
    """A picture inside the page.

    Args:
        source (str): PNG as a data URI.
        width (int): Width in pixels.
        height (int): Height in pixels.
    """

    source: str
    width: int
    height: int


@dataclass(frozen=True)
class ModelFigures:
    """What is shown of a model's typical run.

    Args:
        name (str): Model.
        style (str): CSS classes of its curves.
        seed (int): Seed of the typical run.
        curves (Curves | None): Its curves, if it has scores of both classes.
        histogram (Chart | None): Its score histogram, if it has scores.
        worst (list[tuple[str, list[tuple[str, float]]]]): Heading, and paths and scores.
        examples (Picture | None): Its pictures, if it has some.
        extremes (Picture | None): Its best and worst separated images, if they were drawn.
        runs (list[Run]): Runs of all seeds.
    """

    name: str
    style: str
    seed: int
    curves: Curves | None
    histogram: Chart | None
    worst: list[tuple[str, list[tuple[str, float]]]]
    examples: Picture | None
    extremes: Picture | None
    runs: list[Run]


@dataclass(frozen=True)
class DataFigures:
    """What is shown of a data set.

    Args:
        name (str): Data set.
        counts (str): Numbers of test images, "" if unknown.
        charts (list[Chart]): ROC and precision-recall curves, empty if no model has scores of both classes.
        models (list[ModelFigures]): Models.
    """

    name: str
    counts: str
    charts: list[Chart]
    models: list[ModelFigures]

    @property
    def is_empty(self) -> bool:
        """Whether no model has any figure."""
        return all(model.histogram is model.examples is model.extremes is None for model in self.models)


def draw_data(name: str, runs: Sequence[Run], styles: dict[str, str]) -> DataFigures:
    """Draw the figures of a data set."""
    models = [_draw_model(list(group), styles[model]) for model, group in groupby(runs, key=lambda run: run.model)]
    scores = next((run.scores for run in runs if run.scores is not None), None)
    drawn = [(model.name, model.style, model.curves) for model in models if model.curves is not None]
    charts = _draw_curves(name, drawn, float(scores.labels.mean())) if scores is not None and drawn else []
    return DataFigures(name, _count(scores) if scores is not None else "", charts, models)


def line_style(index: int) -> str:
    """Name the CSS classes that tell one line from the others by colour and by dash."""
    return f"colour{index % COLOURS} dash{index % DASHES}"


def embed(path: Path) -> Picture:
    """Put a picture into a data URI."""
    data = path.read_bytes()
    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.load()
            width, height = image.size
    except (OSError, SyntaxError) as error:  # what Pillow raises for broken files
        msg = f"cannot read {path}: expected a picture in PNG, found: {error}"
        raise ValueError(msg) from error
    return Picture("data:image/png;base64," + base64.b64encode(data).decode(), width, height)


def _draw_model(runs: list[Run], style: str) -> ModelFigures:
    run = typical_run(runs)
    scores, histogram, worst = run.scores, None, []
    if scores is not None:
        title = f"Histogram of the image scores of {run.model} on {run.data}, {_count(scores)}"
        histogram = histogram_chart(title, compute_histogram(scores))
        headings = ("Normal images with the highest scores", "Anomalous images with the lowest scores")
        worst = [(heading, scores.most_wrong(label, WORST)) for label, heading in enumerate(headings)]
    return ModelFigures(
        name=run.model,
        style=style,
        seed=run.seed,
        curves=compute_curves(scores) if scores is not None and scores.has_both_classes else None,
        histogram=histogram,
        worst=[(heading, images) for heading, images in worst if images],
        examples=embed(run.examples) if run.examples is not None else None,
        extremes=embed(run.extremes) if run.extremes is not None else None,
        runs=runs,
    )


def _draw_curves(name: str, models: list[tuple[str, str, Curves]], prevalence: float) -> list[Chart]:
    styled = [(f"line {style}", curves) for _, style, curves in models]
    areas = ", ".join(f"{model} {curves.auroc:.3f}" for model, _, curves in models)
    precisions = ", ".join(f"{model} {curves.average_precision:.3f}" for model, _, curves in models)
    return [
        roc_chart(f"ROC curves on {name}. AUROC: {areas}", styled),
        precision_recall_chart(
            f"Precision-recall curves on {name}. Average precision: {precisions}", styled, prevalence
        ),
    ]


def _count(scores: Scores) -> str:
    anomalous = int(scores.labels.sum())
    return f"{len(scores.labels) - anomalous} normal and {anomalous} anomalous test images"
