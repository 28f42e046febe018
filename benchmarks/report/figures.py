# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The figures of one data set: curves of all models, and for each model its histogram, pictures and worst images."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from PIL import Image
from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay, roc_auc_score

from .runs import Run

WORST = 5
"""Images named at most, of each class."""

BINS = 24

COLOURS = ("#0068b3", "#c04a00", "#007a5a", "#a3357a", "#7a5f00", "#4a4f57")
DASHES = ("-", (0, (4, 2)), (0, (1.5, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (7, 2)), (0, (4, 1.5, 1, 1.5, 1, 1.5)), ":")
"""Pairs of colours and dashes differ for the first 42 models."""

STYLE = {"svg.hashsalt": "report", "svg.fonttype": "none", "font.size": 9, "axes.grid": True, "grid.alpha": 0.4}
"""The same results give the same bytes; letters stay letters."""

Curve = RocCurveDisplay | PrecisionRecallDisplay


@dataclass(frozen=True)
class Picture:
    """A picture inside the page as a data URI, what a reader who does not see it is told, its size in pixels."""

    source: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class ModelFigures:
    """What is shown of a model's typical run, and the runs of all seeds; the worst images are paths and scores."""

    run: Run
    runs: list[Run]
    histogram: Picture | None
    worst: dict[str, list[tuple[str, float]]]
    examples: Picture | None
    extremes: Picture | None


@dataclass(frozen=True)
class DataFigures:
    """What is shown of a data set: numbers of its test images, curves of models that have both classes, all models."""

    name: str
    counts: str
    charts: list[Picture]
    models: list[ModelFigures]

    @property
    def is_empty(self) -> bool:
        """Whether no model has any figure."""
        return all(model.histogram is model.examples is model.extremes is None for model in self.models)


def draw_data(name: str, runs: Sequence[Run], styles: dict[str, dict]) -> DataFigures:
    """Draw the figures of a data set; a style is what matplotlib takes for a line."""
    with mpl.rc_context(STYLE):
        models = [draw_model(list(group)) for _, group in groupby(runs, key=lambda run: run.model)]
        drawn = [model.run for model in models if model.run.has_both_classes]
        charts = draw_curves(name, drawn, styles) if drawn else []
    scores = next((run.scores for run in runs if run.scores is not None), None)
    return DataFigures(name, "" if scores is None else count(scores), charts, models)


def line_style(index: int) -> dict[str, object]:
    """Tell one line from the others by colour and by dash."""
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": DASHES[index % len(DASHES)]}


def typical_run(runs: Sequence[Run]) -> Run:
    """Choose the run that stands for all seeds in the figures: of the median image AUROC, the lower one of two."""
    scored = [run for run in runs if run.has_both_classes]
    scored.sort(key=lambda run: (roc_auc_score(run.scores["gt_label"], run.scores["pred_score"]), run.seed))
    return scored[(len(scored) - 1) // 2] if scored else runs[0]


def count(scores: pd.DataFrame) -> str:
    """Say how many images of both classes there are."""
    anomalous = int(scores["gt_label"].sum())
    return f"{len(scores) - anomalous} normal and {anomalous} anomalous test images"


def most_wrong(scores: pd.DataFrame, label: int, number: int = WORST) -> list[tuple[str, float]]:
    """Name the images of a class that were nearest to being taken for the other one, or were."""
    ordered = scores[scores["gt_label"] == label].sort_values("pred_score", ascending=bool(label), kind="stable")
    return list(ordered[["path", "pred_score"]].head(number).itertuples(index=False, name=None))


def draw_model(runs: list[Run]) -> ModelFigures:
    """Draw what is shown of one model on one data set."""
    run, histogram, worst = typical_run(runs), None, {}
    if run.scores is not None:
        about = f"Histogram of the image scores of {run.model} on {run.data}, {count(run.scores)}"
        histogram = embed_figure(histogram_figure(run.scores), about)
        for label, heading in enumerate(("Normal images with the highest", "Anomalous images with the lowest")):
            if images := most_wrong(run.scores, label):
                worst[f"{heading} scores"] = images
    examples = f"Test images of {run.data} and what {run.model} made of them"
    extremes = f"The test images of {run.data} that {run.model} separates best and worst, and what it made of them"
    return ModelFigures(run, runs, histogram, worst, embed(run.examples, examples), embed(run.extremes, extremes))


def draw_curves(name: str, runs: list[Run], styles: dict[str, dict]) -> list[Picture]:
    """Draw the curves of all models beside what guessing gives."""
    share = float(runs[0].scores["gt_label"].mean())
    roc, areas = curves_figure(RocCurveDisplay, runs, styles, ("false positive rate", "true positive rate"), [0, 1])
    precision, averages = curves_figure(PrecisionRecallDisplay, runs, styles, ("recall", "precision"), [share, share])
    areas = ", ".join(f"{run.model} {one.roc_auc:.3f}" for run, one in zip(runs, areas, strict=True))
    averages = ", ".join(f"{run.model} {one.average_precision:.3f}" for run, one in zip(runs, averages, strict=True))
    return [
        embed_figure(roc, f"ROC curves on {name}. AUROC: {areas}"),
        embed_figure(precision, f"Precision-recall curves on {name}. Average precision: {averages}"),
    ]


def curves_figure(
    display: type[Curve], runs: list[Run], styles: dict[str, dict], titles: tuple[str, str], guessing: list[float]
) -> tuple[Figure, list[Curve]]:
    """Draw a curve of each run with scikit-learn."""
    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axes, drawn = figure.subplots(), []
    for run in runs:
        name = f"{run.model}, seed {run.seed}"
        drawn.append(display.from_predictions(run.scores["gt_label"], run.scores["pred_score"], name=name, ax=axes))
        drawn[-1].line_.set(**styles[run.model])
    axes.plot([0, 1], guessing, color="grey", linestyle=":", label="guessing")
    axes.set(xlabel=titles[0], ylabel=titles[1])
    axes.legend()
    return figure, drawn


def histogram_figure(scores: pd.DataFrame, bins: int = BINS) -> Figure:
    """Draw the shares of both classes in bins of the score over each other."""
    figure = Figure(figsize=(4.2, 2.8), layout="constrained")
    axes, edges = figure.subplots(), bin_edges(scores["pred_score"].to_numpy(), bins)
    for label, (name, dash) in enumerate((("normal", "-"), ("anomalous", "--"))):
        values = scores["pred_score"][scores["gt_label"] == label]
        shares = np.histogram(values, edges)[0] / max(1, len(values))
        style = {"facecolor": (COLOURS[label], 0.25), "edgecolor": COLOURS[label], "linestyle": dash, "linewidth": 1.2}
        axes.stairs(shares, edges, fill=True, label=name, **style)
    axes.set(xlabel="score", ylabel="share of the class")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend()
    return figure


def bin_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Cover the range of all scores with bins."""
    low, high = float(values.min()), float(values.max())
    scale = max(abs(low), abs(high))
    # Scores that are all but equal share a bin in the middle; narrower bins would have no width.
    if high - low <= 1e-6 * scale:
        low, high = low - (0.1 * scale or 0.5), high + (0.1 * scale or 0.5)
    return np.linspace(low, high, bins + 1)


def embed(path: Path | None, alt: str) -> Picture | None:
    """Put a picture into a data URI, if there is one."""
    if path is None:
        return None
    data = path.read_bytes()
    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.load()
            size = image.size
    except (OSError, SyntaxError) as error:  # what Pillow raises for broken files
        msg = f"cannot read {path}: expected a picture in PNG, found: {error}"
        raise ValueError(msg) from error
    return Picture("data:image/png;base64," + base64.b64encode(data).decode(), alt, *size)


def embed_figure(figure: Figure, alt: str) -> Picture:
    """Put a chart into a data URI."""
    content = io.BytesIO()
    figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    width, height = figure.get_size_inches() * 96
    source = "data:image/svg+xml;base64," + base64.b64encode(content.getvalue()).decode()
    return Picture(source, alt, round(width), round(height))
