# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a model reaches and what it costs: metrics of scores and maps, time, memory, size and arithmetic."""

import math
import time
from collections.abc import Callable, Sequence
from statistics import mean
from types import SimpleNamespace
from typing import NamedTuple

import torch
from anomalib.metrics import AUPRO, AnomalibMetric, F1Max
from anomalib.models.components import AnomalibModule
from sklearn.metrics import roc_auc_score
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from data import Sample, read_test_image, read_test_mask
from layout import median_and_range
from models import predict, predict_raw

WARM_UP = 3
BATCH_SIZES = (1, 8)


def seconds_of(call: Callable[[], object]) -> float:
    """Time a call."""
    synchronize()
    start = time.perf_counter()
    call()
    synchronize()
    return time.perf_counter() - start


def synchronize() -> None:
    """Wait for the GPU, if this process uses one."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def measure_times(
    model: AnomalibModule, images: list[torch.Tensor], repeats: int, sizes: Sequence[int] = BATCH_SIZES
) -> dict[str, dict[str, float]]:
    """Time warm inference from decoded images in memory to scores, maps and labels, in batches of some sizes."""
    found = {}
    for size in sizes:
        batches = [[images[(turn * size + place) % len(images)] for place in range(size)] for turn in range(repeats)]
        for batch in (batches * WARM_UP)[:WARM_UP]:
            predict(model, batch)
        seconds = [seconds_of(lambda batch=batch: predict(model, batch)) for batch in batches]
        found[f"latency_{size}_ms"] = median_and_range([1000 * value for value in seconds])
    last = found[f"latency_{sizes[-1]}_ms"]
    opposite = {"median": "median", "lowest": "highest", "highest": "lowest"}
    found["images_per_second"] = {name: 1000 * sizes[-1] / last[of] for name, of in opposite.items()}
    return found


def measure_size(model: AnomalibModule, image: torch.Tensor) -> dict[str, int]:
    """Count what inference stores and computes.

    ``parameters`` are those of the networks that inference uses (SCADN's discriminator is not among them),
    ``stored_values`` what the model keeps beside them (PatchCore's memory, PaDiM's Gaussians), ``multiply_adds`` those
    of one image.
    """
    only = getattr(model.model, "training_only", ())
    state = {name: value for name, value in model.model.state_dict().items() if name.split(".")[0] not in only}
    parameters = {name for name, _ in model.model.named_parameters()}
    return {
        "parameters": sum(value.numel() for name, value in state.items() if name in parameters),
        "stored_values": sum(value.numel() for name, value in state.items() if name not in parameters),
        "multiply_adds": count_multiply_adds(lambda: predict(model, [image])),
    }


def count_multiply_adds(call: Callable[[], object]) -> int:
    """Count half of the operations that torch's FlopCounterMode counts in convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() // 2


class Scored(NamedTuple):
    """N test images as a model sees them, and what is true of them: 1 = anomalous, true = anomalous.

    Scores and maps, if the model has some, are raw. Maps and masks have the shape (N, H, W).
    """

    scores: torch.Tensor
    labels: torch.Tensor
    maps: torch.Tensor | None
    masks: torch.Tensor
    samples: Sequence[Sample] = ()


def score_test_images(model: AnomalibModule, samples: list[Sample], side: int, batch_size: int = 8) -> Scored:
    """Score all test images, with maps of one side, and read what is true of them."""
    scores, maps = [], []
    for start in range(0, len(samples), batch_size):
        images = [read_test_image(sample) for sample in samples[start : start + batch_size]]
        output = predict_raw(model, images)
        scores.append(output.pred_score.flatten().float().cpu())
        if output.anomaly_map is not None:
            found = output.anomaly_map.float().reshape(len(images), 1, *output.anomaly_map.shape[-2:])
            maps.append(reduce_map(found, side)[:, 0].cpu())
    labels = torch.tensor([sample.label for sample in samples])
    masks = torch.stack([read_test_mask(sample, side) for sample in samples])
    return Scored(torch.cat(scores), labels, torch.cat(maps) if maps else None, masks, samples)


def reduce_map(maps: torch.Tensor, side: int) -> torch.Tensor:
    """Resize maps, shape (N, 1, H, W)."""
    if maps.shape[-2:] == (side, side):
        return maps
    return functional.interpolate(maps, size=(side, side), mode="bilinear", antialias=True)


def measure_quality(scored: Scored) -> dict[str, float | None]:
    """Compute all metrics over a test set; ``None`` where one is not defined.

    ``image_F1Max`` is the best over all thresholds, so it is optimistic. ``pixel_AUPRO`` goes to a false positive rate
    of 0.3 and leaves out images that are anomalous in every pixel.
    """
    areas, (scores, labels, maps, masks, _) = measure_areas(scored), scored
    # anomalib's AUPRO takes a mask without any background for background.
    mixed = ~masks.flatten(1).all(dim=1)
    has_regions = maps is not None and bool(masks[mixed].any())
    return {
        "image_AUROC": areas["image_AUROC"],
        "image_F1Max": None if areas["image_AUROC"] is None else _compute(F1Max, scores, labels),
        "pixel_AUROC": areas["pixel_AUROC"],
        "pixel_AUPRO": _compute(AUPRO, maps[mixed], masks[mixed]) if has_regions else None,
        "PerImagePixelAUROC": areas["PerImagePixelAUROC"],
    }


def measure_areas(scored: Scored) -> dict[str, float | None]:
    """Compute areas under ROC curves: of images, of all pixels together, and of pixels as a mean over images."""
    scores, labels, maps, masks, _ = scored
    each = [] if maps is None else [auroc(*image) for image in zip(maps, masks, strict=True)]
    defined = [area for area in each if area is not None]
    return {
        "image_AUROC": auroc(scores, labels),
        "pixel_AUROC": None if maps is None else auroc(maps, masks),
        "PerImagePixelAUROC": mean(defined) if defined else None,
    }


def auroc(values: torch.Tensor, truth: torch.Tensor) -> float | None:
    """Compute the area under the ROC curve of values as they are; one class alone has none.

    anomalib's own squashes a batch through a sigmoid if one of its values lies outside [0, 1], which raw scores may do
    in one batch and not in another; large ones become equal in it.
    """
    truth = truth.flatten() != 0
    return None if truth.all() or not truth.any() else float(roc_auc_score(truth.numpy(), values.flatten().numpy()))


def _compute(kind: type[AnomalibMetric], values: torch.Tensor, truth: torch.Tensor) -> float | None:
    """Compute a metric of anomalib's."""
    metric = kind(("values", "truth"))
    metric.update(SimpleNamespace(values=to_unit_range(values), truth=truth.long()))
    found = float(metric.compute())
    return found if math.isfinite(found) else None


def to_unit_range(values: torch.Tensor) -> torch.Tensor:
    """Bring values to [0, 1] in their order, where anomalib's metrics leave them as they are."""
    wide = values.double()
    low, high = wide.aminmax()
    return ((wide - low) / (high - low).clamp(min=torch.finfo(torch.double).tiny)).float()
