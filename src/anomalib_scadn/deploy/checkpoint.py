# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A Lightning checkpoint, run by PyTorch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from anomalib_scadn.exporting import open_batch
from anomalib_scadn.metadata import describe
from anomalib_scadn.unreadable import explain_unreadable

from .backends import Backend, Values
from .host_side import StripedMasks, as_arrays, finish


class CheckpointBackend(Backend):
    """Runs a checkpoint, resized by the transform of training. Only tensors and plain data are loaded from it.

    Args:
        path (Path): ``.ckpt`` file.
        device (str): PyTorch's name of a device, in any case.
        passes_at_once (int): Masked images that go through the generator at once; results do not depend on it.
        options (Mapping[str, Any] | None): Must be empty.

    Raises:
        ValueError: If the file is no checkpoint of this model, or the device is unknown.
    """

    def __init__(self, path: Path, device: str, passes_at_once: int, options: Mapping[str, Any] | None) -> None:
        if options:
            msg = f"a .ckpt file takes no options, got {', '.join(map(str, options))}"
            raise ValueError(msg)
        from anomalib_scadn.lightning_model import Scadn

        try:
            self._device = torch.device(device.lower())
            self._module = Scadn.load_from_checkpoint(path, map_location=self._device).eval()
        except Exception as error:  # whatever unpickling a damaged file raises
            msg = f"{path} cannot be loaded as a checkpoint of SCADN on {device!r}: {_explain(error)}"
            raise ValueError(msg) from error
        self._module.to(self._device)
        self._module.model.passes_at_once = passes_at_once
        self.metadata = describe(self._module.model, self._module.post_processor, "full")
        self._masks = StripedMasks(self.metadata)

    @torch.inference_mode()
    def run(self, batch: npt.NDArray[np.float32], *, reconstruction: bool = False) -> Values:
        """Predict a batch. See :meth:`Backend.run`."""
        module = self._module
        transform = module.pre_processor.transform if module.pre_processor else None
        images = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device)
        masks = self._masks if reconstruction else None
        parts = [self._run_one(transform(image) if transform else image, masks) for image in images.split(1)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _run_one(self, image: torch.Tensor, masks: StripedMasks | None) -> Values:
        model = self._module.model
        model.check_images(image)
        painted = model.reconstruct(image)
        values = open_batch(model.scorer, self._module.post_processor, image, painted, model.masks)
        # Finished image by image, so that the passes of one image at a time are held.
        return finish(as_arrays(values), self.metadata, masks)


def _explain(error: Exception) -> str:
    # Torch's own message names every weight of both models.
    if isinstance(error, RuntimeError) and "loading state_dict" in str(error):
        return "it holds the weights of another model; export that one and use the host's inferencers"
    return explain_unreadable(error)
