# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Distance between an image and what was painted, in the features of a frozen pretrained network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import timm
import torch
from timm.models import load_state_dict
from torch import nn
from torch.nn import functional as F  # noqa: N812

from anomalib_scadn.files import explain_unreadable

BackboneSource = str | Path | Literal["checkpoint"] | None


class PerceptualError(nn.Module):
    """Squared distance of features of unit length, the mean over layers (Zhang et al. 2018, without learned weights).

    Sees a change of texture or of parts where brightness and edges are about the same. Its weights never train.

    Args:
        backbone (str): Name of a timm model.
        layers (Sequence[int]): Indices of its feature levels, at least one, ascending.
        weights (str | Path | None): File of its weights; ``"checkpoint"`` for random ones, which a checkpoint will
            replace; ``None`` for those that timm downloads.
        size (tuple[int, int]): Height and width of the images in pixels.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If levels are no ascending numbers, timm has no such model or level, it cannot take images of this
            size, the file lacks weights of it, or they cannot be downloaded; the message names the file or the
            argument.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, backbone: str, layers: Sequence[int], weights: BackboneSource, size: tuple[int, int]) -> None:
        super().__init__()
        if not timm.is_model(backbone):
            msg = f"backbone must be a model of timm (timm.list_models() names them), got {backbone!r}"
            raise ValueError(msg)
        # timm puts them in order, names none twice, and takes none for all.
        if not layers or any(type(layer) is not int for layer in layers) or list(layers) != sorted(set(layers)):
            msg = f"backbone_layers must be ascending whole numbers, at least one, got {list(layers)}"
            raise ValueError(msg)
        self.network = _make_network(backbone, layers)
        if weights is None:
            self.network = _download_network(backbone, layers)
        elif weights != "checkpoint":
            load_backbone_weights(self.network, Path(str(weights)))
        self.layers = tuple(layers)
        self.network.requires_grad_(requires_grad=False).eval()
        _check_maps(self.network, backbone, size)
        config = timm.get_pretrained_cfg(backbone)
        for name in ("mean", "std"):
            value = torch.tensor(getattr(config, name)).view(1, -1, 1, 1)
            self.register_buffer(name, value, persistent=False)

    def train(self, mode: bool = True) -> "PerceptualError":  # torch's own signature
        """Stay in evaluation mode: a frozen network has no other."""
        del mode
        return super().train(mode=False)

    def forward(self, images: torch.Tensor, painted: torch.Tensor) -> torch.Tensor:
        """Compare features.

        Args:
            images (torch.Tensor): I, shape (N, 3, H, W), range [0, 1].
            painted (torch.Tensor): Shape (N, K, 3, H, W), range [0, 1].

        Returns:
            torch.Tensor: Shape (N, K, H, W), range [0, 4].
        """
        composites = painted.shape[1]
        total = torch.zeros_like(painted[:, :, 0])
        for real, fake in zip(self._features(images), self._features(painted.flatten(0, 1)), strict=True):
            distance = (fake.unflatten(0, (-1, composites)) - real.unsqueeze(1)).square().sum(dim=2)
            total = total + F.interpolate(distance, size=painted.shape[-2:], mode="bilinear", align_corners=False)
        return total / len(self.layers)

    def _features(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [F.normalize(features, dim=1) for features in self.network((images - self.mean) / self.std)]


def load_backbone_weights(network: nn.Module, path: Path) -> None:
    """Load the weights of a timm network from a file; nothing is downloaded.

    Args:
        network (nn.Module): timm's network, made with ``features_only``; changed in place.
        path (Path): Weights by timm's names, ``.safetensors`` or ``.pth``, read as tensors only; those of further
            layers than the network has are left out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file cannot be read, or lacks or misfits a weight; the message names it.
    """
    if not path.is_file():
        msg = f"backbone weights: no file {path}"
        raise FileNotFoundError(msg)
    try:
        state = load_state_dict(str(path), use_ema=False, weights_only=True)
        # Where features are taken from a sequence, timm names its parts stem_0 instead of stem.0.
        state |= {name.replace(".", "_", 1): value for name, value in state.items()}
        missing = network.load_state_dict(state, strict=False).missing_keys
    except Exception as error:  # whatever a damaged or foreign file makes the readers raise
        msg = f"backbone weights: {path} cannot be read or does not fit: {explain_unreadable(error)}"
        raise ValueError(msg) from error
    lacking = [name for name in missing if not name.endswith("num_batches_tracked")]
    if lacking:
        msg = f"backbone weights: {path} lacks {len(lacking)} tensors, the first is {lacking[0]!r}"
        raise ValueError(msg)


def _make_network(backbone: str, layers: Sequence[int]) -> nn.Module:
    try:
        # Random weights, soon replaced: the generator's must not depend on them.
        with torch.random.fork_rng(devices=[]):
            return timm.create_model(backbone, pretrained=False, features_only=True, out_indices=tuple(layers))
    except (AssertionError, IndexError, RuntimeError) as error:
        msg = f"backbone {backbone!r} gives no features at layers {list(layers)}: {error}"
        raise ValueError(msg) from error


def _download_network(backbone: str, layers: Sequence[int]) -> nn.Module:
    try:
        with torch.random.fork_rng(devices=[]):
            return timm.create_model(backbone, pretrained=True, features_only=True, out_indices=tuple(layers))
    except Exception as error:  # whatever a missing network makes the hub's client raise
        msg = f"the weights of backbone {backbone!r} cannot be downloaded, give backbone_weights a local file, or "
        msg += f"'checkpoint' where one is loaded: {error}"
        raise ValueError(msg) from error


def _check_maps(
    network: Any,  # noqa: ANN401  # timm's wrappers have no common type
    backbone: str,
    size: tuple[int, int],
) -> None:
    """Raise unless features of images of this size are maps with channels first."""
    try:
        with torch.no_grad():
            maps = network(torch.zeros(1, 3, *size))
        found = [tuple(features.shape[:2]) for features in maps]
    except (AssertionError, RuntimeError) as error:
        msg = f"backbone {backbone!r} cannot take images of {size[0]} x {size[1]} pixels: {error}"
        raise ValueError(msg) from error
    expected = [(1, channels) for channels in network.feature_info.channels()]
    if found != expected:
        msg = f"backbone {backbone!r} must give maps with channels first, got {[tuple(f.shape) for f in maps]}"
        raise ValueError(msg)
