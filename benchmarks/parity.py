# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Compare every form of a model with the host's Engine, at full width and 512 x 512 unless told otherwise.

Usage: python benchmarks/parity.py [--image-size 512] [--base-channels 64] [--score composite] [--seeds 0 1]
    [--sizes same larger smaller oblong] [--batch-sizes 1] [--forms FORM ...]

Weights are untrained. Prints the largest differences of normalized scores and maps, writes them to
benchmarks/results, and exits with status 1 if one is above the tolerance. At full width an export and ONNX Runtime
want more than 8 GB each: ``--forms`` takes some forms at a time, and the file keeps those of earlier runs.
"""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np
from anomalib.engine import Engine

from anomalib_scadn import Scadn
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer
from anomalib_scadn.scoring import ScoreName
from forms import FORMS, export_forms, make_model, write_images

SCORE_TOLERANCE = 1e-4
MAP_TOLERANCE = 1e-3
SIZES = {"same": (1, 1), "larger": (2, 2), "smaller": (0.5, 0.5), "oblong": (0.5, 3)}
"""Heights and widths of raw images, in sides of the model's."""
RESULTS = Path(__file__).parent / "results"

Reference = dict[Path, tuple[float, np.ndarray]]
Row = dict[str, str | int | float]


def engine_reference(model: Scadn, files: dict[str, list[Path]], folder: Path) -> Reference:
    """Score all files by the host's Engine.

    Args:
        model (Scadn): The model.
        files (dict[str, list[Path]]): Files by size; those of one size share a folder.
        folder (Path): Where the Engine may write.

    Returns:
        Reference: Normalized score and map by file.
    """
    found = {}
    for paths in files.values():
        engine = Engine(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=folder)
        for batch in engine.predict(model, data_path=paths[0].parent):
            for path, score, anomaly_map in zip(batch.image_path, batch.pred_score, batch.anomaly_map, strict=True):
                found[Path(path)] = (float(score), anomaly_map.squeeze().numpy())
    return found


def differences(inferencer: StripedMaskInferencer, paths: list[Path], reference: Reference) -> tuple[float, float]:
    """Find the largest differences over some files.

    Args:
        inferencer (StripedMaskInferencer): One form of the model.
        paths (list[Path]): Files of one size.
        reference (Reference): The Engine's answers.

    Returns:
        tuple[float, float]: Largest difference of scores, and of maps.
    """
    scores, maps = [], []
    for path, outcome in inferencer.predict_many(paths):
        if not isinstance(outcome, InferenceResult):
            raise outcome
        scores.append(abs(outcome.pred_score - reference[path][0]))
        maps.append(float(np.abs(outcome.anomaly_map - reference[path][1]).max()))
    return max(scores), max(maps)


def compare(seed: int, arguments: argparse.Namespace, folder: Path) -> list[Row]:
    """Compare all forms of one model.

    Args:
        seed (int): Seed of weights and images.
        arguments (argparse.Namespace): The command line.
        folder (Path): Empty folder to work in.

    Returns:
        list[Row]: One row per form, size and batch.
    """
    side = arguments.image_size
    sizes = {name: (int(side * height), int(side * width)) for name, (height, width) in SIZES.items()}
    chosen = {name: sizes[name] for name in arguments.sizes}
    files = write_images(folder / "images", chosen, max(arguments.batch_sizes), seed)
    model = make_model(side, arguments.base_channels, seed, arguments.score)
    reference = engine_reference(model, files, folder / "engine")
    rows: list[Row] = []
    for form, path in export_forms(model, folder, arguments.forms):
        for batch_size in arguments.batch_sizes:
            inferencer = StripedMaskInferencer(path, batch_size=batch_size)
            for size, paths in files.items():
                score, anomaly_map = differences(inferencer, paths, reference)
                rows.append(
                    {"form": form, "size": size, "batch": batch_size, "seed": seed, "score": score, "map": anomaly_map}
                )
                print(f"{form:26}{size:9} batch {batch_size} seed {seed}  {score:.1e}  {anomaly_map:.1e}", flush=True)
    return rows


def merge(file: Path, rows: list[Row]) -> list[Row]:
    """Put rows in the place of those that an earlier run of other forms has left.

    Args:
        file (Path): Result file; need not exist.
        rows (list[Row]): What was measured now.

    Returns:
        list[Row]: All rows.
    """
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    keys = ("form", "size", "batch", "seed")
    measured = {tuple(row[key] for key in keys) for row in rows}
    return [row for row in known if tuple(row[key] for key in keys) not in measured] + rows


def main() -> None:
    """Compare, print, write, judge."""
    parser = argparse.ArgumentParser(description="Compare every form of a model with the host's Engine.")
    parser.add_argument("--image-size", type=int, default=512, help="side in pixels")
    parser.add_argument("--base-channels", type=int, default=64)
    parser.add_argument("--score", choices=get_args(ScoreName), default="paper", help="with its default arguments")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="of the raw images")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS), help="some of them, to save memory")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    rows = []
    for seed in arguments.seeds:
        with TemporaryDirectory() as name:
            rows += compare(seed, arguments, Path(name))
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"parity_{arguments.image_size}_{arguments.base_channels}_{arguments.score}.json"
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(merge(file, rows), indent=2) + "\n", encoding="utf-8")
    temporary.replace(file)
    worst = max(row["score"] for row in rows), max(row["map"] for row in rows)
    print(f"largest difference of scores {worst[0]:.1e} (at most {SCORE_TOLERANCE}), of maps {worst[1]:.1e}", end=" ")
    print(f"(at most {MAP_TOLERANCE}); written to {file}")
    sys.exit(worst[0] > SCORE_TOLERANCE or worst[1] > MAP_TOLERANCE)


if __name__ == "__main__":
    main()
