# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Images from files, arrays, PIL and torch, each with its range checked."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from anomalib_scadn.data.image_bytes import ImageBytes
from anomalib_scadn.data.image_files import find_images
from anomalib_scadn.data.image_reading import FULL_SCALE, Pixels, as_pixels, pil_values, read_file

ChannelOrder = Literal["rgb", "bgr"]


def list_inputs(source: Any) -> Iterable[Any]:  # noqa: ANN401  # images of any kind
    """List what to run on.

    Args:
        source (Any): A folder, one image as :func:`read_pixels` takes it, or several, say in a list, a generator or
            an array of shape (N, H, W, C).

    Returns:
        Iterable[Any]: A folder's images; one image alone; several as they are, so that a generator is not drawn out.

    Raises:
        FileNotFoundError: If there is no such folder or file, or the folder holds no image.
    """
    if isinstance(source, str | Path):
        return [Path(source)] if Path(source).is_file() else find_images(Path(source))
    if isinstance(source, np.ndarray) or _is_tensor(source):  # what has fewer dimensions is no stack of images, but one
        return source if source.ndim == 4 else [source]
    return [source] if isinstance(source, Image.Image) else source


def read_input(
    image: Any,  # noqa: ANN401
    *,
    channel_order: ChannelOrder = "rgb",
    bit_depth: int | None = None,
) -> npt.NDArray[np.float32]:
    """Read an image of any kind.

    Args:
        image (Any): See :func:`read_pixels`.
        channel_order (Literal["rgb", "bgr"]): Order of an array's or a tensor's channels. Defaults to ``"rgb"``.
        bit_depth (int | None): Bits of values that are stored in 16. Defaults to ``None``, all 16.

    Returns:
        npt.NDArray[np.float32]: Shape (H, W, 3), RGB, range [0, 1].

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If the image is of an unknown kind.
        ValueError: If the image cannot be used; the message names the file or the value.
    """
    return to_unit_range(read_pixels(image, channel_order=channel_order, bit_depth=bit_depth))


def read_pixels(
    image: Any,  # noqa: ANN401
    *,
    channel_order: ChannelOrder = "rgb",
    bit_depth: int | None = None,
) -> Pixels:
    """Read an image of any kind without converting its numbers, so that a large one takes little memory.

    Args:
        image (Any): Path of a file, content of one (:class:`~anomalib_scadn.data.image_bytes.ImageBytes`), PIL image,
            NumPy array of shape (H, W) or (H, W, C) or torch tensor of shape (C, H, W), C = 1 or 3. Values: uint8,
            range [0, 255]; uint16, range [0, 65535]; floating point, range [0, 1]. An array's fourth channel is
            refused, for it may be anything; a file's alpha is dropped.
        channel_order (Literal["rgb", "bgr"]): Order of an array's or a tensor's channels. Defaults to ``"rgb"``.
        bit_depth (int | None): Bits of values that are stored in 16; they are brought to full scale. Defaults to
            ``None``, all 16.

    Returns:
        Pixels: Shape (H, W, 3), RGB, uint8, uint16 or float32.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If the image is of an unknown kind.
        ValueError: If the image cannot be used; the message names the file or the value.
    """
    check_channel_order(channel_order)
    if isinstance(image, str | Path):
        return _read_file(Path(image), bit_depth)
    if isinstance(image, ImageBytes):
        return read_file(image, bit_depth)
    if isinstance(image, Image.Image):
        return as_pixels(pil_values(image), "PIL image", bit_depth)
    if isinstance(image, np.ndarray):
        return _in_order(as_pixels(image, "array", bit_depth), channel_order)
    if _is_tensor(image):
        if image.ndim != 3 or image.shape[0] not in (1, 3):
            msg = f"a tensor must have shape (1, H, W) or (3, H, W), got {tuple(image.shape)}"
            raise ValueError(msg)
        # Half precision that NumPy does not know is widened, exactly.
        values = image.detach().cpu()
        values = values.float() if values.is_floating_point() else values
        return _in_order(as_pixels(values.permute(1, 2, 0).numpy(), "tensor", bit_depth), channel_order)
    msg = (
        f"an image must be a path, a NumPy array, a PIL image or a torch tensor, got {type(image).__name__}; "
        "predict_many takes several"
    )
    raise TypeError(msg)


def check_channel_order(channel_order: str) -> None:
    """Raise unless the order of channels is known.

    Args:
        channel_order (str): ``"rgb"`` or ``"bgr"``.

    Raises:
        ValueError: If it is neither.
    """
    if channel_order not in ("rgb", "bgr"):
        msg = f"channel_order must be 'rgb' or 'bgr', got {channel_order!r}"
        raise ValueError(msg)


def to_unit_range(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Scale whole numbers to [0, 1].

    Args:
        pixels (npt.NDArray[Any]): uint8, uint16 or float32, any shape.

    Returns:
        npt.NDArray[np.float32]: Same shape, range [0, 1].
    """
    full_scale = FULL_SCALE.get(pixels.dtype.name)
    return pixels if full_scale is None else pixels.astype(np.float32) / np.float32(full_scale)


def _is_tensor(value: Any) -> bool:  # noqa: ANN401
    """Whether it is a tensor of torch; who has one has imported torch, so that nobody else needs to."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _in_order(pixels: Pixels, channel_order: ChannelOrder) -> Pixels:
    return pixels[..., ::-1] if channel_order == "bgr" else pixels


def _read_file(path: Path, bit_depth: int | None) -> Pixels:
    if path.is_dir():
        msg = f"{path} is a folder, expected an image; predict_many takes folders"
        raise ValueError(msg)
    if not path.is_file():
        msg = f"no such image: {path}"
        raise FileNotFoundError(msg)
    return read_file(path, bit_depth)
