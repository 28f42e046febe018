# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Layers of the generator that compute what torch's own do, in less time or more exactly."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

PIXELS_IN_ONE_SUM = 2**14
"""A channel of 128 x 128: what a runtime may sum up in single precision in one go."""


def mean_by_rows(features: torch.Tensor) -> torch.Tensor:
    """Average over rows, then over their averages, which keeps single precision.

    Args:
        features (torch.Tensor): Shape (N, C, h, w).

    Returns:
        torch.Tensor: Shape (N, C, 1, 1).
    """
    # Without a factor between them OpenVINO makes one mean of the two, and sums all pixels in one go again.
    return 2 * (features.mean(dim=-1, keepdim=True) / 2).mean(dim=-2, keepdim=True)


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm (Ulyanov et al. 2016) that keeps its precision in every runtime, and the layout of its input.

    A runtime may sum all pixels of a channel one after the other in single precision: at 512 x 512 OpenVINO loses three
    digits so. In an exported graph means of more than 128 x 128 pixels are therefore taken row by row and then over the
    rows, as accurate as torch. Smaller ones are left to the runtime's own norm, one operation.

    On a CPU torch's own norm copies channels that come last in memory to where it wants them, and the next layer copies
    them back, forward and backward. Here they stay.

    Attributes:
        export_row_by_row (bool): Whether an export does so, or leaves every norm to the runtime. Defaults to ``True``.
    """

    export_row_by_row = True

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Normalize each channel of each image.

        Args:
            features (torch.Tensor): Shape (N, C, h, w).

        Returns:
            torch.Tensor: Shape (N, C, h, w), mean 0 and variance 1 over the pixels of a channel. Not to be changed in
                place: the gradient needs it.
        """
        pixels = features.shape[-2] * features.shape[-1]
        if torch.compiler.is_exporting() and self.export_row_by_row and pixels > PIXELS_IN_ONE_SUM:
            centred = features - mean_by_rows(features)
            return centred * torch.rsqrt(mean_by_rows(centred.square()) + self.eps)
        if torch.compiler.is_exporting() or torch.jit.is_tracing() or features.device.type != "cpu":
            return super().forward(features)
        precise = features if features.dtype == torch.float64 else features.float()  # means of bfloat16 have two digits
        return _Normalize.apply(precise, self.eps).to(features.dtype)


class _Normalize(torch.autograd.Function):
    """y = (x - mean) / sqrt(variance + eps) for each channel of each image, in the layout of x.

    There is no second derivative.
    """

    @staticmethod
    def forward(ctx: Any, features: torch.Tensor, eps: float) -> torch.Tensor:  # noqa: ANN401  # torch's
        """Normalize."""
        normalized = features - features.mean(dim=(-2, -1), keepdim=True)
        scale = torch.rsqrt(normalized.square().mean(dim=(-2, -1), keepdim=True) + eps)
        normalized *= scale
        ctx.save_for_backward(normalized, scale)
        return normalized

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:  # noqa: ANN401  # torch's
        """Derive: dL/dx = (g - mean(g) - y mean(g y)) / sqrt(variance + eps), where g = dL/dy."""
        (gradient,), (normalized, scale) = gradients, ctx.saved_tensors
        mean = gradient.mean(dim=(-2, -1), keepdim=True)
        slope = (gradient * normalized).mean(dim=(-2, -1), keepdim=True)
        return torch.addcmul(gradient, normalized, slope, value=-1).sub_(mean).mul_(scale), None


class ResizeConv2d(nn.Conv2d):
    """Nearest upsampling by 2 and a 3 x 3 convolution with zero padding (Odena et al. 2016), in one.

    Repeated pixels meet several of the nine weights. Summed beforehand, these are the sixteen weights of a transposed
    convolution with stride 2: the same result up to rounding, borders included, for four ninths of the work.

    Args:
        in_channels (int): C.
        out_channels (int): D.

    Example:
        >>> import torch
        >>> ResizeConv2d(3, 5)(torch.rand(1, 3, 4, 6)).shape
        torch.Size([1, 5, 8, 12])
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size=3, padding=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Double the size and convolve.

        Args:
            features (torch.Tensor): Shape (N, C, h, w).

        Returns:
            torch.Tensor: Shape (N, D, 2 * h, 2 * w).
        """
        # A transposed convolution has its weights mirrored, the channels of its input first.
        weight = self.sums().flip(-2, -1).transpose(0, 1)
        return F.conv_transpose2d(features, weight, self.bias, stride=2, padding=1)

    def sums(self) -> torch.Tensor:
        """Sum the weights that meet the same pixel.

        Returns:
            torch.Tensor: Sums of all windows of 2 x 2 weights, beyond the borders too, shape (D, C, 4, 4).
        """
        # Means, since ONNX has no sums of windows: its exporter leaves a divisor of one's own out without a word.
        return 4 * F.avg_pool2d(self.weight, 2, stride=1, padding=1)


class BlockConv2d(nn.Conv2d):
    """Convolution to few channels without padding, of blocks of 2 x 2 pixels.

    A processor whose vectors hold sixteen numbers computes twelve channels in the time of three. The four pixels of a
    block have four times the channels of one, and share a window of the image; where a pixel does not look, its weights
    are 0. The same result up to rounding.

    Args:
        in_channels (int): C.
        out_channels (int): D.
        kernel_size (int): k.
        bias (bool): Whether there are biases. Defaults to ``True``.

    Example:
        >>> import torch
        >>> BlockConv2d(5, 3, 7)(torch.rand(1, 5, 14, 18)).shape
        torch.Size([1, 3, 8, 12])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, *, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, kernel_size, bias=bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Convolve.

        Args:
            features (torch.Tensor): Shape (N, C, h, w), where h - k + 1 and w - k + 1 are even.

        Returns:
            torch.Tensor: Shape (N, D, h - k + 1, w - k + 1).
        """
        return F.pixel_shuffle(F.conv2d(features, *self.blocks(), stride=2), 2)

    def blocks(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Give the weights of a block's pixels.

        Returns:
            tuple[torch.Tensor, torch.Tensor | None]: Weights, shape (4 * D, C, k + 1, k + 1), and biases, shape
                (4 * D,), those of the four pixels of a channel together, row by row.
        """
        weights = [F.pad(self.weight, (right, 1 - right, down, 1 - down)) for down in (0, 1) for right in (0, 1)]
        return torch.stack(weights, dim=1).flatten(0, 1), None if self.bias is None else self.bias.repeat_interleave(4)
