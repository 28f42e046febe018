# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a model costs: time, memory, size and arithmetic of its inference."""

import time
from collections.abc import Callable
from statistics import median

import torch
from anomalib.models.components import AnomalibModule
from torch.utils.flop_counter import FlopCounterMode

from comparison.models import predict

WARM_UP = 3
BATCH_SIZES = (1, 8)


def spread(values: list[float]) -> dict[str, float]:
    """Reduce repeats to what is published.

    Args:
        values (list[float]): At least one.

    Returns:
        dict[str, float]: ``median``, ``lowest`` and ``highest``.
    """
    return {"median": median(values), "lowest": min(values), "highest": max(values)}


def seconds_of(call: Callable[[], object]) -> float:
    """Time a call.

    Args:
        call (Callable[[], object]): What to time.

    Returns:
        float: Wall-clock seconds, until a GPU, if this process uses one, is done too.
    """
    synchronize()
    start = time.perf_counter()
    call()
    synchronize()
    return time.perf_counter() - start


def synchronize() -> None:
    """Wait for the GPU, if this process uses one."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def device_memory() -> dict[str, float]:
    """Ask for the peak of the GPU's memory.

    Returns:
        dict[str, float]: ``gpu_peak_mib``, what torch had allocated at once; nothing if this process uses no GPU.
    """
    return {"gpu_peak_mib": torch.cuda.max_memory_allocated() / 2**20} if torch.cuda.is_initialized() else {}


def measure_times(model: AnomalibModule, images: list[torch.Tensor], repeats: int) -> dict[str, dict[str, float]]:
    """Time warm inference from decoded images in memory to scores, maps and labels.

    Args:
        model (AnomalibModule): Fitted model.
        images (list[torch.Tensor]): Test images of their own sizes, taken in turn.
        repeats (int): Timed calls for each batch size.

    Returns:
        dict[str, dict[str, float]]: ``latency_1_ms`` and ``latency_8_ms``, milliseconds of a whole batch, and
            ``images_per_second`` in batches of 8; each with median, lowest and highest over the repeats.
    """
    found = {}
    for size in BATCH_SIZES:
        batches = [[images[(turn * size + place) % len(images)] for place in range(size)] for turn in range(repeats)]
        for batch in (batches * WARM_UP)[:WARM_UP]:
            predict(model, batch)
        seconds = [seconds_of(lambda batch=batch: predict(model, batch)) for batch in batches]
        found[f"latency_{size}_ms"] = spread([1000 * value for value in seconds])
    last = found[f"latency_{BATCH_SIZES[-1]}_ms"]
    opposite = {"median": "median", "lowest": "highest", "highest": "lowest"}
    found["images_per_second"] = {name: 1000 * BATCH_SIZES[-1] / last[of] for name, of in opposite.items()}
    return found


def measure_size(model: AnomalibModule, image: torch.Tensor) -> dict[str, int]:
    """Count what inference stores and computes.

    Args:
        model (AnomalibModule): Fitted model.
        image (torch.Tensor): An image of shape (3, H, W).

    Returns:
        dict[str, int]: ``parameters`` of the networks that inference uses (SCADN's discriminator is not among them);
            ``stored_values``, what the model keeps beside them (PatchCore's memory, PaDiM's Gaussians);
            ``multiply_adds`` of one image, half of the operations that torch's FlopCounterMode counts in
            convolutions and matrix products.
    """
    only = getattr(model.model, "training_only", ())
    state = {name: value for name, value in model.model.state_dict().items() if name.split(".")[0] not in only}
    parameters = {name for name, _ in model.model.named_parameters()}
    with FlopCounterMode(display=False) as counter:
        predict(model, [image])
    return {
        "parameters": sum(value.numel() for name, value in state.items() if name in parameters),
        "stored_values": sum(value.numel() for name, value in state.items() if name not in parameters),
        "multiply_adds": counter.get_total_flops() // 2,
    }
