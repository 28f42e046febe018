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

from .backends import Backend, Values


class CheckpointBackend(Backend):
    """Runs a checkpoint, resized by the transform of training. Only tensors and plain data are loaded from it.

    Args:
        path (Path): ``.ckpt`` file.
        device (str): PyTorch's name of a device, in any case.
        passes_at_once (int): Masked images that go through the generator at once; results do not depend on it.
        options (Mapping[str, Any]): Must be empty.

    Raises:
        ValueError: If the file is no checkpoint of this model, or the device is unknown.
    """

    def __init__(self, path: Path, device: str, passes_at_once: int, options: Mapping[str, Any]) -> None:
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
        model = self._module.model
        model.passes_at_once = passes_at_once
        super().__init__(describe(model, self._module.post_processor, "full"))

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
        return open_batch(model.scorer, self._module.post_processor, image, model.reconstruct(image), model.masks)
