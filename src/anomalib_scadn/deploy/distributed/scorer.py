# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The work of one actor: a model that is loaded once, and rows of images that it scores."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from PIL import Image

from anomalib_scadn.data.image_bytes import ImageBytes
from anomalib_scadn.deploy.inferencer import StripedMaskInferencer
from anomalib_scadn.deploy.inspection.outcome import Outputs, timed_predictions, write_outcome
from anomalib_scadn.deploy.inspection.region_table import COLUMNS, region_cells
from anomalib_scadn.deploy.inspection.score_parts import parts_schema
from anomalib_scadn.deploy.inspection.score_table import ScoreRow

from .storage import locate, read_content

if TYPE_CHECKING:
    import pyarrow as pa

AHEAD = 8
"""Least number of images that are read together, while those before them are scored."""

Load = Callable[[], StripedMaskInferencer]
Row = dict[str, Any]


class ImageScorer:
    """Scores rows of images as ``score`` does. Works with and without Ray.

    Args:
        load (Load): Loads the model, once.
        base (str): Folder, or URI of a folder, that paths are relative to.
        target (Path): Folder of results, for pictures.
        outputs (Outputs): How images are labelled, and what is drawn.
        model_sha256 (str): SHA-256 of the model's file, for the rows.
        max_pixels (int | None): Pixels of the largest image. Defaults to ``None``, Pillow's limit.

    Raises:
        Exception: What loading raises.

    Example:
        >>> from tempfile import mkdtemp
        >>> import pyarrow as pa
        >>> from lightning.pytorch import Trainer
        >>> from anomalib_scadn import Scadn
        >>> from anomalib_scadn.deploy.distributed.shards import rows_schema
        >>> trainer = Trainer(accelerator="cpu", logger=False)
        >>> trainer.strategy.connect(Scadn(image_size=32, base_channels=2, stripes=(4,)))
        >>> trainer.save_checkpoint("model.ckpt")
        >>> scorer = ImageScorer(lambda: StripedMaskInferencer("model.ckpt"), ".", Path(mkdtemp()), Outputs(), "12ab")
        >>> rows = scorer(pa.Table.from_pylist([{"path": "absent.png"}], rows_schema()))
        >>> rows["error"][0].as_py().split(":")[0]
        'cannot read absent.png'
    """

    def __init__(
        self,
        load: Load,
        base: str,
        target: Path,
        outputs: Outputs,
        model_sha256: str,
        max_pixels: int | None = None,
    ) -> None:
        if max_pixels is not None:
            Image.MAX_IMAGE_PIXELS = max_pixels
        self.inferencer = load()
        self.base, self.target, self.outputs, self.model_sha256 = base, target, outputs, model_sha256
        self._readers = ThreadPoolExecutor(AHEAD, thread_name_prefix="read")

    def __call__(self, rows: "pa.Table") -> "pa.Table":
        """Score rows.

        Args:
            rows (pa.Table): In the schema of :func:`~anomalib_scadn.deploy.distributed.shards.rows_schema`. What has no
                content is read here.

        Returns:
            pa.Table: As many rows of scores, in the schema of
                :func:`~anomalib_scadn.deploy.inspection.score_parts.parts_schema`, in order.

        Raises:
            OSError: If a picture cannot be written.
        """
        import pyarrow as pa

        found = [row for chunk, images in self._read_ahead(rows.to_pylist()) for row in self._score(chunk, images)]
        return pa.Table.from_pylist(found, parts_schema())

    def _read_ahead(self, rows: Sequence[Row]) -> Iterator[tuple[Sequence[Row], list[ImageBytes]]]:
        """Hand on a few rows at a time, while the next ones are read."""
        size = max(AHEAD, self.inferencer.batch_size)
        chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
        reading = [[self._start(row) for row in chunk] for chunk in chunks[:1]]
        for number, chunk in enumerate(chunks):
            images = reading.pop()
            reading.extend([self._start(row) for row in following] for following in chunks[number + 1 : number + 2])
            yield chunk, images

    def _start(self, row: Row) -> ImageBytes:
        location = locate(row["path"], self.base)
        if row["content"] is not None or row["error"]:
            return ImageBytes(location, lambda: row["content"] or b"")
        return ImageBytes(location, self._readers.submit(read_content, location).result)

    def _score(self, rows: Sequence[Row], images: Sequence[ImageBytes]) -> Iterator[Row]:
        for row, (image, result, seconds) in zip(rows, timed_predictions(self.inferencer, images), strict=True):
            known = ScoreRow(row["path"], seconds=round(seconds, 4), bytes=row["bytes"], modified=row["modified"])
            outcome = OSError(row["error"]) if row["error"] else result
            digest = hashlib.sha256(row["path"].encode()).hexdigest()[:32]
            name = PurePosixPath(digest[:2], f"{digest}.png")
            scored, regions = write_outcome(
                image, known, outcome, self.target, name, self.outputs, self.inferencer, f".{digest}.part"
            )
            cells = (region_cells(row["path"], region) for region in regions)
            yield {
                **asdict(scored),
                # What a decoder quotes of damaged bytes need not be text that Parquet can hold.
                "error": scored.error.encode(errors="backslashreplace").decode(),
                "regions": [dict(zip(COLUMNS[1:], values[1:], strict=True)) for values in cells],
                "model_sha256": self.model_sha256,
            }
