# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Compare ways to train and to ask the generator, and what the repair rate says of them without a defect.

    python benchmarks/ways.py --data lace elpv_mono=DIR --config configs/scadn_repair.yaml --seeds 0 1 2
        [--ways stripes repair] [--steps 1000] [--every 500] [--test-images 200]
        [--image-size 256 --crop-size 128 --stripes 8 16 32]
        [--base-channels 16 [--residual separable] [--residual-blocks 4]] [--without line]

A data set is ``lace`` (drawn), ``NAME=ROOT``, a folder in the layout of MVTec AD, or ``mnist:3=ROOT``, a class of
torchvision's MNIST. Each way trains a generator per data set and seed. The generator is asked once every so many steps,
and at the end in striped passes too if it was trained on stripes. Each time it gives the areas under the ROC curves of
the test set, and the repair rate of synthetic anomalies in the test set's normal images, in which its defects have no
part. Results go to ``benchmarks/results/ways_DATA.json``, with
``--base-channels`` to ``curve_DATA_CHANNELS.json``, with ``--residual`` or ``--residual-blocks`` too to
``networks_DATA_CHANNELS_RESIDUAL_BLOCKS.json``, with ``--without``, a shape or a filling that no training image has,
to ``without_DATA_KIND.json``. A size that is given is the last part of a name. What a file has is not run again.
"""

import argparse
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args
from unittest.mock import patch

import torch
from anomalib.data import AnomalibDataModule, ImageBatch
from anomalib.engine import Engine
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import nn

from anomalib_scadn import CompositeScore, Scadn
from anomalib_scadn.anomalies import FILLINGS, SHAPES, Anomalies, draw_anomalies
from anomalib_scadn.networks import Residual
from anomalib_scadn.training import inputs
from data import fingerprint, list_test_images, parse_data, read_test_image
from measure import Scored, measure_areas, measure_size, reduce_map
from provenance import in_own_process
from scores import COMPARED_SIDE, spread
from store import RESULTS, Metrics, run_missing, run_to_end, settings_of
from study import OVERRULED, SHARED, add_training, configured_model
from training import Option, make_data, model_arguments

WAYS = {"stripes": 0.0, "half": 0.5, "repair": 1.0}
"""Share of the images that are to be repaired, by way to train."""

NETWORK = ("base_channels", "residual", "residual_blocks")
"""Arguments of the generator that the command line may give instead of the configuration."""

FILES = {"without": "without", "residual": "networks", "residual_blocks": "networks", "base_channels": "curve"}
"""How names of result files begin, by what is not the configuration's; the first that applies."""

KINDS: dict[str, Collection[str]] = {"shapes": SHAPES, "fillings": FILLINGS}
"""Kinds of synthetic anomalies, by argument of :func:`draw_anomalies`."""


class Curve(Callback):
    """Measures a model at each validation, on real defects and on synthetic ones."""

    def __init__(self) -> None:
        self.found: dict[int, Metrics] = {}
        self._parts: list[tuple[torch.Tensor, ...]] = []
        self._start = time.perf_counter()

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: ImageBatch, *batch: object
    ) -> None:
        """Keep scores and maps as small as they are compared."""
        del trainer, pl_module, batch
        maps, masks = outputs.anomaly_map[:, None], outputs.gt_mask
        side = min(COMPARED_SIDE, maps.shape[-1])
        masks = torch.zeros_like(maps[:, 0]) if masks is None else masks
        masks = torch.nn.functional.adaptive_max_pool2d(masks.float(), side)
        parts = (outputs.pred_score, outputs.gt_label, reduce_map(maps, side)[:, 0], masks)
        self._parts.append(tuple(part.as_subclass(torch.Tensor).cpu() for part in parts))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep areas and repair rates."""
        del pl_module
        areas = measure_areas(Scored(*(torch.cat(parts) for parts in zip(*self._parts, strict=True))))
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        synthetic = {name: value for name, value in logged.items() if name.startswith(("repair_rate", "synthetic"))}
        seconds = time.perf_counter() - self._start
        self.found[trainer.global_step] = {**areas, **synthetic, "seconds": round(seconds, 1)}
        self._parts.clear()


def keys_of(arguments: argparse.Namespace, way: str, seed: int) -> list[str]:
    """Name the results of one training: way, question, steps, seed."""
    marks = range(arguments.every, arguments.steps + 1, arguments.every)
    striped = [f"{way}/striped/{arguments.steps}/{seed}"] if way == "stripes" else []
    return [*(f"{way}/once/{steps}/{seed}" for steps in marks), *striped]


def network_of(arguments: argparse.Namespace) -> dict[str, object]:
    """Give what of the generator is not the configuration's."""
    return {name: value for name in NETWORK if (value := getattr(arguments, name)) is not None}


def changes_of(arguments: argparse.Namespace) -> dict[str, object]:
    """Give all that is not the configuration's and has result files of its own."""
    return {
        name: value for name in (*NETWORK, "image_size", "without") if (value := getattr(arguments, name)) is not None
    }


def file_name(data: str, changes: dict[str, object]) -> str:
    """Name the result file of a data set and of what is not the configuration's."""
    kind = next((kind for name, kind in FILES.items() if name in changes), "ways")
    return "_".join([kind, data, *map(str, changes.values())]) + ".json"


def try_way(arguments: argparse.Namespace, text: str, way: str, seed: int) -> list[Metrics]:
    """Train in one way, and measure all that :func:`keys_of` names."""
    options = model_arguments(arguments.config).get("score", {}).get("init_args", {})
    score = CompositeScore(**{**options, "smoothing": arguments.smoothing})
    changes = {"reference_images": arguments.reference_images, "score": score, **network_of(arguments)}
    model = configured_model(arguments, Option({**changes, "repair": WAYS[way], "passes": "once"}), seed)
    data = make_data(text, model.input_size[0], Option())
    chosen = spread(len(data.test_data), arguments.test_images)
    data.val_data = data.test_data = data.test_data.subsample(chosen)
    limits = {"max_epochs": -1, "max_steps": arguments.steps, "val_check_interval": arguments.every}
    curve = Curve()
    with TemporaryDirectory() as folder:
        shared = {"accelerator": "cpu", "logger": False, "default_root_dir": folder, "callbacks": [curve]}
        with patch.object(inputs, "draw_anomalies", drawing_without(arguments.without)):
            Engine(**shared, **limits, check_val_every_n_epoch=None).fit(model, datamodule=data)
        image = read_test_image(list_test_images(data)[0])
        cost = measure_size(model.eval(), image)
        found = [{**curve.found[steps], **cost} for steps in sorted(curve.found)]
        if way == "stripes":
            striped = configured_model(arguments, Option({**changes, "passes": "striped"}), seed)
            found.append({**ask(model.model.generator, striped, data, shared), **measure_size(striped, image)})
    return found


def drawing_without(kind: str | None) -> Callable[..., Anomalies]:
    """Give the drawing of training's anomalies without a shape or a filling; no argument of the model asks for that."""
    return partial(
        draw_anomalies,
        **{name: [one for one in kinds if one != kind] for name, kinds in KINDS.items() if kind in kinds},
    )


def ask(generator: nn.Module, model: Scadn, data: AnomalibDataModule, shared: dict[str, object]) -> Metrics:
    """Let a model that asks in its own way ask a trained generator; validation computes its reference values."""
    model.model.generator.load_state_dict(generator.state_dict())
    curve = Curve()
    Engine(**{**shared, "callbacks": [curve]}).validate(model, datamodule=data)
    return next(iter(curve.found.values()))


def try_data(arguments: argparse.Namespace, text: str) -> list[str]:
    """Try all ways on a data set; give what failed."""
    name, root = parse_data(text)
    settings = settings_of(arguments.config, []) | {key: getattr(arguments, key) for key in (*OVERRULED, *SHARED)}
    changes = changes_of(arguments)
    settings |= changes
    jobs = [
        (keys_of(arguments, way, seed), partial(in_own_process, try_way, arguments, text, way, seed))
        for seed in arguments.seeds
        for way in arguments.ways
    ]
    files = {name: fingerprint(name, root, arguments.image_size or COMPARED_SIDE)}
    path = arguments.results / file_name(name, changes)
    failed = run_missing(path, settings, jobs, files)[1]
    print(path)
    return failed


def main() -> None:
    """Do what was asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME[=ROOT]")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["stripes", "repair"])
    parser.add_argument("--base-channels", type=int, help="overrules the configuration; has result files of its own")
    parser.add_argument("--residual", choices=get_args(Residual), help="likewise, with --base-channels")
    parser.add_argument("--residual-blocks", type=int, help="likewise, with --base-channels")
    parser.add_argument("--without", choices=[one for kinds in KINDS.values() for one in kinds], help="likewise, alone")
    parser.add_argument("--every", type=int, default=500, help="steps between measurements")
    add_training(parser.add_argument, steps=1000, reference_images=100)
    arguments = parser.parse_args()
    if "base_channels" not in (network_of(arguments) or NETWORK):
        parser.error("--residual and --residual-blocks need --base-channels, which their result files are named by")
    if arguments.without and (network_of(arguments) or arguments.ways != ["repair"]):
        parser.error("--without goes with --ways repair, and without another network")
    run_to_end(parser, lambda: [one for text in arguments.data for one in try_data(arguments, text)])


if __name__ == "__main__":
    main()
