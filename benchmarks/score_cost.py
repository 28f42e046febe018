# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a score costs beside the passes through the generator.

    python benchmarks/score_cost.py --image-size 512 --base-channels 64 [--backbone-weights resnet18.safetensors]

Weights of the generator are untrained: time does not depend on them. Every repeat times the twelve passes and then
each score on their reconstructions; medians with the lowest and the highest, and the ratio to the passes, go to
``benchmarks/results/score_cost_SIZE_CHANNELS.json`` or another folder (``--results``). A file that was made with other
repeats, or with other scores, is refused.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anomalib_scadn.scoring import Score, build_score
from anomalib_scadn.torch_model import ScadnModel
from machines import machine
from runs import RESULTS, MadeOtherwiseError, check_same, save


def make_scores(model: ScadnModel, backbone_weights: Path | None) -> dict[str, Score]:
    """Make the scores to time, by name."""
    shared = {"scales": len(model.stripes), "size": model.image_size}
    composite = {
        "mse": {"errors": ("mse",)},
        "ssim": {"errors": ("ssim",)},
        "msgms": {"errors": ("msgms",)},
        "mse+ssim+msgms, standardized, four widths": {
            "errors": ("mse", "ssim", "msgms"),
            "standardize": "pixel",
            "smoothing": (1.0, 2.0, 4.0, 8.0),
        },
    }
    if backbone_weights is not None:
        composite["perceptual"] = {"errors": ("perceptual",), "backbone_weights": backbone_weights}
    made = {
        name: build_score("composite", **shared, **{"standardize": "none", "smoothing": (4.0,), **arguments})
        for name, arguments in composite.items()
    }
    return {"paper": build_score("paper", **shared), **made}


def seconds_of(call: Callable[[], Any]) -> float:
    """Time a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@torch.no_grad()
def measure(arguments: argparse.Namespace) -> dict[str, list[float]]:
    """Time passes and scores.

    Args:
        arguments (argparse.Namespace): The command line.

    Returns:
        dict[str, list[float]]: Seconds, one per repeat, by name; ``"passes"`` are the twelve passes.
    """
    side = arguments.image_size
    model = ScadnModel((side, side), arguments.base_channels, adversarial=False, seed=0).eval()
    scores = make_scores(model, arguments.backbone_weights)
    image = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    found: dict[str, list[float]] = {name: [] for name in ("passes", *scores)}
    reconstructions = model.reconstruct(image)
    for score in scores.values():
        score(image, reconstructions, model.masks)
    for _ in range(arguments.repeats):
        found["passes"].append(seconds_of(lambda: model.reconstruct(image)))
        for name, score in scores.items():
            found[name].append(seconds_of(lambda score=score: score(image, reconstructions, model.masks)))
    return found


def refuse_other(path: Path, settings: dict[str, int], *, perceptual: bool) -> None:
    """Refuse to replace what was measured with other repeats or other scores.

    Args:
        path (Path): Result file; it need not exist.
        settings (dict[str, int]): Size, width and repeats.
        perceptual (bool): Whether the perceptual error is measured.

    Raises:
        MadeOtherwiseError: If the file has other repeats, or only one of both has the perceptual error.
    """
    known = json.loads(path.read_text()) if path.is_file() else None
    if known is not None:
        rows = {"perceptual": "perceptual" in known["scores"]}
        check_same(path, known | rows, {**settings, "perceptual": perceptual}, {})


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image-size", type=int, default=512, help="side in pixels")
    parser.add_argument("--base-channels", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--backbone-weights", type=Path, help="weights of timm's resnet18 for the perceptual error")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result file")
    arguments = parser.parse_args()
    path = arguments.results / f"score_cost_{arguments.image_size}_{arguments.base_channels}.json"
    settings = {name: getattr(arguments, name) for name in ("image_size", "base_channels", "repeats")}
    try:
        refuse_other(path, settings, perceptual=arguments.backbone_weights is not None)
    except MadeOtherwiseError as error:
        parser.error(str(error))
    seconds = measure(arguments)
    passes = float(np.median(seconds["passes"]))
    rows = {
        name: {
            "ratio": float(np.median(values)) / passes,
            "ratio_lowest": min(values) / passes,
            "ratio_highest": max(values) / passes,
        }
        for name, values in seconds.items()
    }
    save(path, {**settings, "machine": machine(), "scores": rows})
    print(path)


if __name__ == "__main__":
    main()
