# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A Lightning checkpoint, run by PyTorch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from anomalib_scadn.export.description import describe
from anomalib_scadn.export.full import open_batch
from anomalib_scadn.export.values import OpenBatch
from anomalib_scadn.files import check_archive, explain_unreadable
from anomalib_scadn.masks.sizes import images_at_once
from anomalib_scadn.scoring.precision import single_precision

from .backends import Backend, Values
from .precision import QUANTIZED, Precision, choose_precision

BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16")
"""Instructions of Intel's, AMD's and ARM's processors, in torch's words."""


class CheckpointBackend(Backend):
    """Runs a checkpoint, resized by the transform of training. Only tensors and plain data are loaded from it.

    Args:
        path (Path): ``.ckpt`` file.
        device (str): PyTorch's name of a device, in any case.
        passes_at_once (int | None): Masked images that go through the generator at once, ``None`` for as many as a
            512 x 512 image has pixels, whatever the model was trained with; results do not depend on it.
        precision (Literal["f32", "bf16", "int8", "auto"]): ``"bf16"`` on a device that has it: for the convolutions;
            sums over pixels, what the masks remove and the score stay in single precision.
        options (Mapping[str, Any]): Must be empty.

    Raises:
        ValueError: If the file is no checkpoint of this model, the device is unknown, or does not have the precision.
    """

    def __init__(
        self, path: Path, device: str, passes_at_once: int | None, precision: Precision, options: Mapping[str, Any]
    ) -> None:
        if options:
            msg = f"a .ckpt file takes no options, got {', '.join(map(str, options))}"
            raise ValueError(msg)
        from anomalib_scadn.lightning_model import Scadn

        try:
            check_archive(path)
            self._device = torch.device(device.lower())
            self._module = Scadn.load_from_checkpoint(path, map_location=self._device).eval()
        except Exception as error:  # whatever unpickling a damaged file raises
            msg = f"{path} cannot be loaded as a checkpoint of SCADN on {device!r}: {explain_unreadable(error)}"
            raise ValueError(msg) from error
        self._module.to(self._device)
        chosen = choose_precision(precision, path, _refused(self._device))
        model = self._module.model
        model.discriminator = None  # which only training asks
        model.passes_at_once = passes_at_once or images_at_once(model.image_size)
        super().__init__(describe(model, self._module.post_processor, "full"), chosen)

    @torch.inference_mode()
    def run(self, batch: npt.NDArray[np.float32], *, reconstruction: bool = False) -> Values:
        """Predict a batch. See :meth:`Backend.run`."""
        module = self._module
        transform = module.pre_processor.transform if module.pre_processor else None
        images = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device)
        resized = (transform(image) if transform else image for image in images.split(1))
        # Finished image by image, so that the passes of one image at a time are held.
        parts = [self.finish(self._predict(image), reconstruction=reconstruction) for image in resized]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _predict(self, image: torch.Tensor) -> OpenBatch:
        model = self._module.model
        model.check_images(image)
        device = self._device.type
        with single_precision(device) if self.precision == "f32" else torch.autocast(device, torch.bfloat16):
            reconstructions = model.reconstruct(image)
        return open_batch(model.scorer, self._module.post_processor, image, reconstructions, model.masks)


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether a device computes in bfloat16 itself, without emulation.

    Args:
        device (torch.device): The device.

    Returns:
        bool: Whether it does; other devices than CPUs and CUDA's are not asked.
    """
    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and any(torch.cpu.get_capabilities().get(name, False) for name in BFLOAT16)


def _refused(device: torch.device) -> dict[str, str]:
    refused = {
        "int8": f"a checkpoint is not quantized; expected {QUANTIZED}",
        "f16": "a checkpoint is run in f32 or bf16",
    }
    if not has_bfloat16(device):
        name = torch.cpu.get_capabilities().get("cpu_name", "cpu") if device.type == "cpu" else str(device)
        refused["bf16"] = f"{name} does not compute in bf16 itself; expected f32"
    return refused
