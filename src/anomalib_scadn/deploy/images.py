# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Images from files, arrays, PIL and torch, each with its range checked.

Files are read as anomalib reads them (PIL, converted to RGB, alpha dropped, no rotation by EXIF; of 16-bit colours the
upper 8 bits), with one difference: anomalib cuts 16-bit grey images off at 255 of 65535, here they keep their values.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from anomalib_scadn.data.image_files import find_images

ChannelOrder = Literal["rgb", "bgr"]
Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]

FULL_SCALE = {"uint8": 255.0, "uint16": 65535.0}
GREY_16 = ("I;16", "I;16L", "I;16B", "I;16N")


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
    if isinstance(source, np.ndarray | torch.Tensor):  # what has fewer dimensions is no stack of images, but one
        return source if source.ndim == 4 else [source]
    return [source] if isinstance(source, Image.Image) else source


def read_input(image: Any, *, channel_order: ChannelOrder = "rgb") -> npt.NDArray[np.float32]:  # noqa: ANN401
    """Read an image of any kind.

    Args:
        image (Any): See :func:`read_pixels`.
        channel_order (Literal["rgb", "bgr"]): Order of an array's or a tensor's channels. Defaults to ``"rgb"``.

    Returns:
        npt.NDArray[np.float32]: Shape (H, W, 3), RGB, range [0, 1].

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If the image is of an unknown kind.
        ValueError: If the image cannot be used; the message names the file or the value.
    """
    return to_unit_range(read_pixels(image, channel_order=channel_order))


def read_pixels(image: Any, *, channel_order: ChannelOrder = "rgb") -> Pixels:  # noqa: ANN401
    """Read an image of any kind without converting its numbers, so that a large one takes little memory.

    Args:
        image (Any): Path of a file, PIL image, NumPy array of shape (H, W) or (H, W, C) or torch tensor of shape
            (C, H, W), C = 1 or 3. Values: uint8, range [0, 255]; uint16, range [0, 65535]; floating point, range
            [0, 1]. An array's fourth channel is refused, for it may be anything; a file's alpha is dropped.
        channel_order (Literal["rgb", "bgr"]): Order of an array's or a tensor's channels. Defaults to ``"rgb"``.

    Returns:
        Pixels: Shape (H, W, 3), RGB, uint8, uint16 or float32.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If the image is of an unknown kind.
        ValueError: If the image cannot be used; the message names the file or the value.
    """
    check_channel_order(channel_order)
    if isinstance(image, str | Path):
        return _read_file(Path(image))
    if isinstance(image, Image.Image):
        return _from_array(_pil_values(image), "rgb", "PIL image")
    if isinstance(image, np.ndarray):
        return _from_array(image, channel_order, "array")
    if isinstance(image, torch.Tensor):
        if image.ndim != 3 or image.shape[0] not in (1, 3):
            msg = f"a tensor must have shape (1, H, W) or (3, H, W), got {tuple(image.shape)}"
            raise ValueError(msg)
        # Half precision that NumPy does not know is widened, exactly.
        values = image.detach().cpu()
        values = values.float() if values.is_floating_point() else values
        return _from_array(values.permute(1, 2, 0).numpy(), channel_order, "tensor")
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


def _read_file(path: Path) -> Pixels:
    if path.is_dir():
        msg = f"{path} is a folder, expected an image; predict_many takes folders"
        raise ValueError(msg)
    if not path.is_file():
        msg = f"no such image: {path}"
        raise FileNotFoundError(msg)
    try:
        with Image.open(path) as image:
            values = _pil_values(image)
    except Exception as error:  # what decoders raise on damaged files is not limited to PIL's own errors
        msg = f"{path} cannot be read as an image: {error}"
        raise ValueError(msg) from error
    return _from_array(values, "rgb", str(path))


def _pil_values(image: Image.Image) -> npt.NDArray[Any]:
    if image.mode in GREY_16:
        return np.asarray(image).astype(np.uint16)
    if image.mode == "I":
        values = np.asarray(image)
        if values.size and (values.min() < 0 or values.max() > FULL_SCALE["uint16"]):
            msg = f"grey values must lie in [0, 65535], got {values.min()} to {values.max()}"
            raise ValueError(msg)
        return values.astype(np.uint16)
    return np.asarray(image if image.mode == "F" else image.convert("RGB"))


def _from_array(values: npt.NDArray[Any], channel_order: ChannelOrder, name: str) -> Pixels:
    grey = values[..., None] if values.ndim == 2 else values
    if grey.ndim != 3 or grey.shape[-1] not in (1, 3):
        msg = f"{name} must have shape (H, W), (H, W, 1) or (H, W, 3) before it is used, got {values.shape}"
        raise ValueError(msg)
    if 0 in grey.shape:
        msg = f"{name} must have at least 1 x 1 pixel, got {grey.shape[0]} x {grey.shape[1]}"
        raise ValueError(msg)
    if np.issubdtype(grey.dtype, np.floating):
        _check_floats(grey, name)
        grey = grey.astype(np.float32, copy=False)
    elif grey.dtype.name not in FULL_SCALE:
        msg = f"{name} must hold uint8, uint16 or floating-point values, got {grey.dtype}"
        raise ValueError(msg)
    if grey.shape[-1] == 1:
        return np.repeat(grey, 3, axis=-1)
    return grey[..., ::-1] if channel_order == "bgr" else grey


def _check_floats(values: npt.NDArray[Any], name: str) -> None:
    if not np.isfinite(values).all():
        msg = f"{name} must hold finite values, got {np.count_nonzero(~np.isfinite(values))} that are NaN or infinite"
        raise ValueError(msg)
    lowest, highest = float(values.min()), float(values.max())
    if lowest < 0 or highest > 1:
        msg = f"{name} must hold floating-point values in [0, 1], got {lowest:g} to {highest:g}; scale them first"
        raise ValueError(msg)
