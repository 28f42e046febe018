# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A graph that holds the generator alone; masks, errors and score happen outside of it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from anomalib_scadn.masks import MASKS_PER_SCALE
from anomalib_scadn.metadata import Metadata
from anomalib_scadn.pre_processor import resize

from .backends import Backend, Values
from .graphs import Graph
from .host_side import Scoring, StripedMasks, finish


def even_chunk(metadata: Metadata, passes_at_once: int) -> int | None:
    """Find the length that all chunks of an image's masks have.

    Args:
        metadata (Metadata): Description of the model.
        passes_at_once (int): Masked images that go through the generator at once.

    Returns:
        int | None: The length, ``None`` if the last chunk is shorter.
    """
    masks = MASKS_PER_SCALE * len(metadata.stripes)
    passes = min(passes_at_once, masks)
    return passes if masks % passes == 0 else None


class GeneratorBackend(Backend):
    """Runs a graph of :func:`~anomalib_scadn.deploy.export_generator`, image by image, some masks at a time.

    Memory depends on ``passes_at_once`` and not on the number of images or scales.

    Args:
        graph (Graph): The graph.
        metadata (Metadata): Its description.
        metadata_file (Path): Where that was read from.
        passes_at_once (int): Masked images that go through the generator at once; results do not depend on it.
    """

    def __init__(self, graph: Graph, metadata: Metadata, metadata_file: Path, passes_at_once: int) -> None:
        self.metadata = metadata
        self._graph = graph
        self._masks = StripedMasks(metadata)
        self._scoring = Scoring(metadata, metadata_file)
        self._passes = min(passes_at_once, len(self._masks))

    def run(self, batch: npt.NDArray[np.float32], *, reconstruction: bool = False) -> Values:
        """Predict a batch. See :meth:`Backend.run`."""
        parts = [self._run_one(image, reconstruction=reconstruction) for image in batch]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _run_one(self, raw: npt.NDArray[np.float32], *, reconstruction: bool) -> Values:
        image = resize(torch.from_numpy(np.ascontiguousarray(raw)).unsqueeze(0), self.metadata.image_size)
        painted = np.empty((len(self._masks), *image.shape[1:]), dtype=np.float32)
        self._graph.run_into(self._masks.chunks(image[0], self._passes), painted)
        values = self._scoring(image, torch.from_numpy(painted).unsqueeze(0), self._masks.tensor)
        return finish(values, self.metadata, self._masks if reconstruction else None)
