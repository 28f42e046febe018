# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A graph that holds the generator alone; masks, errors and score happen outside of it."""

import numpy as np
import numpy.typing as npt
import torch

from anomalib_scadn.components.pre_processor import resize
from anomalib_scadn.export.full import open_batch
from anomalib_scadn.export.score_file import read_score
from anomalib_scadn.masks import remove
from anomalib_scadn.masks.sizes import count_scales, equal_passes_at_once
from anomalib_scadn.scoring import as_score

from .backends import Backend, Values
from .graphs import Graph


class GeneratorBackend(Backend):
    """Runs a graph of :func:`~anomalib_scadn.export.export_generator`, image by image, some masks at a time.

    Memory depends on ``passes_at_once`` and not on the number of images or scales.

    Args:
        graph (Graph): The graph.
        passes_at_once (int | None): Masked images that go through the generator at once, ``None`` for as many as a
            512 x 512 image has pixels; results do not depend on it.
    """

    def __init__(self, graph: Graph, passes_at_once: int | None) -> None:
        metadata = graph.metadata
        super().__init__(metadata, graph.precision)
        self._graph = graph
        scales = count_scales(metadata.stripes, metadata.passes)
        scorer = as_score(metadata.score).prepare(scales, metadata.image_size)
        read_score(scorer, graph.path)
        self._scorer = scorer.eval()
        self._passes = passes_at_once or equal_passes_at_once(metadata.image_size, len(self.masks))

    def run(self, batch: npt.NDArray[np.float32], *, reconstruction: bool = False) -> Values:
        """Predict a batch. See :meth:`Backend.run`."""
        parts = [self._run_one(image, reconstruction=reconstruction) for image in batch]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    @torch.no_grad()
    def _run_one(self, raw: npt.NDArray[np.float32], *, reconstruction: bool) -> Values:
        image = resize(torch.from_numpy(np.ascontiguousarray(raw)).unsqueeze(0), self.metadata.image_size)
        painted = np.empty((len(self.masks), *image.shape[1:]), dtype=np.float32)
        chunks = (remove(image[0], masks, self.metadata.mask_fill).numpy() for masks in self.masks.split(self._passes))
        self._graph.run_into(chunks, painted)
        reconstructions = torch.from_numpy(painted).unsqueeze(0)
        values = open_batch(self._scorer, self.post_processor, image, reconstructions, self.masks)
        return self.finish(values, reconstruction=reconstruction)
