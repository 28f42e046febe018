# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Inference outside of training, with the interface of anomalib's inferencers."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from anomalib_scadn.checks import check_count
from anomalib_scadn.data.image_reading import check_bit_depth
from anomalib_scadn.data.tiles import check_tiling

from .backends import Backend, Values
from .ignoring import check_score, check_something_left, fit_ignored, leave_out, read_ignore_mask
from .images import ChannelOrder, check_channel_order, list_inputs, read_input
from .loading import load_backend
from .precision import Precision
from .result import InferenceResult, split_values
from .tiles import predict_tiled

Outcome = tuple[Any, InferenceResult | Exception]


class StripedMaskInferencer:
    """Run a trained SCADN on images, in striped passes or in one, with the answers that training gives.

    Several threads may share an inferencer. One that is sent to another process reads its file again there.

    Args:
        path (str | Path): Checkpoint (.ckpt), ONNX graph (.onnx) or OpenVINO graph (.xml); a graph may be full
            (anomalib's export) or hold the generator alone
            (:func:`~anomalib_scadn.export.export_generator`).
        device (str): Device in the runtime's own words. Defaults to ``"cpu"``.
        passes_at_once (int | None): Masked images that go through the generator at once, for a checkpoint and for a
            generator alone; results do not depend on it. Defaults to ``None``: as many as a 512 x 512 image has
            pixels.
        tile (int | None): Side of the square tiles, in pixels, that an image is cut into. Defaults to ``None``: an
            image is resized to the model's size.
        overlap (int): Pixels that neighbouring tiles share. Defaults to ``64``.
        batch_size (int): Images (of one size) or tiles given at once; OpenVINO takes them one by one. Results do
            not depend on it. Defaults to ``1``.
        backend_options (Mapping[str, Any] | None): OpenVINO's properties, or ONNX Runtime's ``providers``,
            ``provider_options``, ``session_options`` (these cannot be sent to another process). Defaults to ``None``.
        ignore_mask (str | Path | npt.NDArray | None): Region of no interest, a file or an array of shape (H, W): what
            is not 0 in it is left out of scores, maps and masks. It is resized to each image, which must have its
            proportions. Defaults to ``None``.
        channel_order (Literal["rgb", "bgr"]): Order of an array's or a tensor's channels. Defaults to ``"rgb"``.
        tile_progress (bool): Whether to show a progress bar for the tiles of an image. Defaults to ``False``.
        bit_depth (int | None): Bits of values that are stored in 16, 8 to 16, say 12 of many cameras. Defaults to
            ``None``, all 16.
        precision (Literal["f32", "f16", "bf16", "int8", "auto"]): What the networks are computed in: ``"bf16"``
            for checkpoints and OpenVINO graphs on a device that has it, ``"f16"`` for such graphs alone, ``"int8"``
            for a quantized OpenVINO graph, ``"auto"`` for the fewest bits that file and device have. A quantized
            graph stays in 8 bits with ``"f32"``. Defaults to ``"f32"``.

    Raises:
        FileNotFoundError: If a file of the model does not exist.
        ValueError: If a file is damaged or of an unknown kind, a graph is no export of SCADN, an argument is
            impossible, or file or device do not have the precision.
        ImportError: If the file's runtime is not installed; the message names the extra.

    Example:
        >>> import numpy as np
        >>> from lightning.pytorch import Trainer
        >>> from anomalib_scadn import Scadn
        >>> trainer = Trainer(accelerator="cpu", logger=False)
        >>> trainer.strategy.connect(Scadn(image_size=32, base_channels=2, stripes=(4,)))
        >>> trainer.save_checkpoint("model.ckpt")
        >>> inferencer = StripedMaskInferencer("model.ckpt")
        >>> result = inferencer.predict(np.zeros((48, 40, 3), dtype=np.uint8))
        >>> result.raw_map.shape, result.pred_label  # without a label, for this model was never validated
        ((32, 32), None)
    """

    def __init__(
        self,
        path: str | Path,
        device: str = "cpu",
        *,
        passes_at_once: int | None = None,
        tile: int | None = None,
        overlap: int = 64,
        batch_size: int = 1,
        backend_options: Mapping[str, Any] | None = None,
        ignore_mask: str | Path | npt.NDArray[np.generic] | None = None,
        channel_order: ChannelOrder = "rgb",
        tile_progress: bool = False,
        bit_depth: int | None = None,
        precision: Precision = "f32",
    ) -> None:
        check_count(1, batch_size=batch_size)
        if tile is not None:
            check_tiling(tile, overlap)
        check_channel_order(channel_order)
        check_bit_depth(bit_depth)
        self.device = device
        self.tile, self.overlap = tile, overlap
        self.batch_size = batch_size
        self.ignored = None if ignore_mask is None else read_ignore_mask(ignore_mask)
        self.tile_progress = tile_progress
        self.channel_order: ChannelOrder = channel_order
        self.bit_depth = bit_depth
        self._loading: dict[str, Any] = {
            "passes_at_once": passes_at_once,
            "precision": precision,
            "options": backend_options,
        }
        self._path = Path(path).absolute()
        self.backend = self.load_model(path)
        if self.ignored is not None:
            check_score(self.backend)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded model out of what is sent to another process: no runtime's can be sent."""
        return {name: value for name, value in vars(self).items() if name != "backend"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Load the model again."""
        vars(self).update(state)
        self.backend = self.load_model(self._path)

    def load_model(self, path: str | Path) -> Backend:
        """Load a model.

        Args:
            path (str | Path): File of the model.

        Returns:
            Backend: The loaded model.

        Raises:
            FileNotFoundError: If a file of the model does not exist.
            ValueError: If a file is damaged or of an unknown kind, or a graph is no export of SCADN.
            ImportError: If the file's runtime is not installed; the message names the extra.
        """
        return load_backend(path, self.device, **self._loading)

    def pre_process(self, image: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401  # see read_pixels
        """Read an image; resizing is the backend's.

        Args:
            image (Any): Path, NumPy array, PIL image or torch tensor; see
                :func:`~anomalib_scadn.deploy.images.read_pixels`.

        Returns:
            npt.NDArray[np.float32]: Raw image, shape (1, 3, H, W), RGB, range [0, 1].

        Raises:
            FileNotFoundError: If there is no such file.
            TypeError: If the image is of an unknown kind.
            ValueError: If the image cannot be used.
        """
        pixels = read_input(image, channel_order=self.channel_order, bit_depth=self.bit_depth)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))[None]

    def forward(self, batch: npt.NDArray[np.float32], *, reconstruction: bool = False) -> Values:
        """Run the model, on each image tile by tile if the inferencer was told to.

        Args:
            batch (npt.NDArray[np.float32]): Raw images of one size, shape (N, 3, H, W), range [0, 1].
            reconstruction (bool): Whether to return what was painted. Defaults to ``False``.

        Returns:
            Values: See :meth:`~anomalib_scadn.deploy.backends.Backend.run`, or
                :func:`~anomalib_scadn.deploy.tiles.predict_tiled` with tiles.

        Raises:
            ValueError: If the ignored region has other proportions than the images, or leaves nothing to score.
        """
        run = partial(self._run, reconstruction=reconstruction)
        if self.ignored is not None:  # as a fourth channel, which is cut into tiles like the others
            ignored = fit_ignored(self.ignored, *batch.shape[2:]).astype(batch.dtype)
            batch = np.concatenate([batch, np.broadcast_to(ignored, (len(batch), 1, *ignored.shape))], axis=1)
        if self.tile is None:
            values = run(batch)
        else:
            grid = {"tile": self.tile, "overlap": self.overlap, "batch_size": self.batch_size}
            parts = [predict_tiled(image, run, **grid, progress=self.tile_progress) for image in batch]
            values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        check_something_left(values)
        return values

    def _run(self, batch: npt.NDArray[np.float32], *, reconstruction: bool) -> Values:
        values = self.backend.run(batch[:, :3], reconstruction=reconstruction)
        return values if self.ignored is None else leave_out(values, batch[:, 3] > 0, self.backend)

    def post_process(self, predictions: Values) -> list[InferenceResult]:
        """Split a batch's values by image.

        Args:
            predictions (Values): What :meth:`forward` returned for N images.

        Returns:
            list[InferenceResult]: N results.
        """
        return split_values(predictions)

    def predict(self, image: Any, reconstruction: bool = False) -> InferenceResult:  # noqa: ANN401
        """Predict one image, tile by tile if the inferencer was told to.

        Args:
            image (Any): As in :meth:`pre_process`.
            reconstruction (bool): Whether to return what was painted. Defaults to ``False``.

        Returns:
            InferenceResult: Scores, label and maps; maps have the model's image size, tiled ones the image's own.

        Raises:
            Exception: As :meth:`pre_process` and :meth:`forward` say.
        """
        return self._predict_batch(self.pre_process(image), reconstruction)[0]

    def __call__(self, image: Any, reconstruction: bool = False) -> InferenceResult:  # noqa: ANN401
        """Predict one image. See :meth:`predict`."""
        return self.predict(image, reconstruction)

    def predict_many(
        self,
        images: Any,  # noqa: ANN401  # see list_inputs
        reconstruction: bool = False,
        progress: bool = False,
    ) -> Iterator[Outcome]:
        """Predict images one after the other; what fails does not stop the rest.

        Args:
            images (Any): A folder, one image as :meth:`predict` takes it, or several in a list or a generator; no
                more than ``batch_size`` of them are held at once.
            reconstruction (bool): Whether to return what was painted. Defaults to ``False``.
            progress (bool): Whether to show a progress bar. Defaults to ``False``.

        Yields:
            Outcome: The image as given (a folder's as paths), and its result or the error, in order.

        Raises:
            FileNotFoundError: If there is no such folder, or no image in it.
        """
        waiting: list[tuple[Any, npt.NDArray[np.float32]]] = []
        for source in tqdm(list_inputs(images), unit="image", disable=not progress):
            try:
                batch = self.pre_process(source)
            except Exception as error:  # of an image of any kind
                yield from self._predict_waiting(waiting, reconstruction)
                yield source, error
                continue
            if waiting and batch.shape != waiting[0][1].shape:
                yield from self._predict_waiting(waiting, reconstruction)
            waiting.append((source, batch))
            if len(waiting) == self.batch_size or self.tile is not None:
                yield from self._predict_waiting(waiting, reconstruction)
        yield from self._predict_waiting(waiting, reconstruction)

    def _predict_waiting(
        self, waiting: list[tuple[Any, npt.NDArray[np.float32]]], reconstruction: bool
    ) -> Iterator[Outcome]:
        """Predict images of one size and forget them; an error is that of each."""
        if not waiting:
            return
        sources, batches = zip(*waiting, strict=True)
        waiting.clear()
        outcomes: list[InferenceResult] | list[Exception]
        try:
            outcomes = self._predict_batch(np.concatenate(batches), reconstruction)
        except Exception as error:  # a runtime may raise anything, say for want of memory
            outcomes = [error] * len(sources)
        yield from zip(sources, outcomes, strict=True)

    def _predict_batch(self, batch: npt.NDArray[np.float32], reconstruction: bool) -> list[InferenceResult]:
        return self.post_process(self.forward(batch, reconstruction=reconstruction))
