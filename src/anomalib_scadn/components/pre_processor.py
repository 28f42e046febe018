# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Resizing that is the same in training and in an exported graph.

anomalib's exporter switches antialiasing off, because the operator behind it cannot be exported. Fine weave then
aliases, and exported scores differ from those of training. Written as two matrix products, antialiased resizing is
plain arithmetic that every runtime has.
"""

import torch
from anomalib.pre_processing import PreProcessor
from PIL.Image import Resampling
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import Resize

from anomalib_scadn.scoring.precision import single_precision

from .resampling import triangle_weights

BILINEAR = (InterpolationMode.BILINEAR, InterpolationMode.BILINEAR.value, Resampling.BILINEAR)
"""torchvision's names of bilinear interpolation: an enumeration, a text, Pillow's number."""


def antialias_matrix(length: int, new_length: int, device: torch.device | None = None) -> torch.Tensor:
    """Weights of antialiased bilinear resampling along one axis.

    Args:
        length (int): Old number of pixels; may be symbolic.
        new_length (int): New number of pixels.
        device (torch.device | None): Where to make the matrix. Defaults to ``None``, the CPU.

    Returns:
        torch.Tensor: Shape (new_length, length), float32, rows sum to 1.
    """
    old, new = torch.arange(length, device=device), torch.arange(new_length, device=device)
    # A tensor, so that a symbolic length stays in the graph.
    return triangle_weights(old, new, torch.ones_like(old).sum(), new_length).float()


def resize(images: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Resize with antialiasing, exportable to ONNX and OpenVINO.

    Args:
        images (torch.Tensor): Shape (N, C, H, W), floating point; H and W may be symbolic.
        size (tuple[int, int]): New height and width.

    Returns:
        torch.Tensor: Shape (N, C, *size).
    """
    with single_precision(images.device.type):
        rows = antialias_matrix(images.shape[-2], size[0], images.device).to(images.dtype)
        columns = antialias_matrix(images.shape[-1], size[1], images.device).to(images.dtype)
        return rows @ images @ columns.T


class ScadnPreProcessor(PreProcessor):
    """Resize to the model's image size; SCADN takes images in [0, 1], so there is no normalization.

    Args:
        image_size (tuple[int, int]): Height and width in pixels.

    Example:
        >>> import torch
        >>> ScadnPreProcessor((32, 48))(torch.rand(1, 3, 100, 100)).shape
        torch.Size([1, 3, 32, 48])
    """

    def __init__(self, image_size: tuple[int, int]) -> None:
        super().__init__(transform=Resize(image_size, antialias=True))

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Resize raw images, inside an exported graph or in memory.

        Args:
            batch (torch.Tensor): Raw images, shape (N, 3, H, W), range [0, 1].

        Returns:
            torch.Tensor: Shape (N, 3, *image_size), range [0, 1].
        """
        # A checkpoint may have put the transform of another pre-processor here; anomalib knows what to do with it.
        size = self.resized_size
        return super().forward(batch) if size is None else resize(batch, size)

    @property
    def resized_size(self) -> tuple[int, int] | None:
        """Height and width that images are resized to, ``None`` if :func:`resize` would not do what the transform does.

        A checkpoint may have put another transform here than the one of the constructor.
        """
        transform = self.transform
        if type(transform) is not Resize or not transform.antialias:
            return None
        if transform.interpolation not in BILINEAR or len(transform.size or ()) != 2:
            return None
        return transform.size[0], transform.size[1]
