# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Checkpoints released by the SCADN authors: a fixed renaming of their keys to ours.

Their files hold ``{"iteration", "epoch", "generator": state_dict}`` and ``{"discriminator": state_dict}``. The
discriminator stores its first convolution twice, as ``conv1`` and as ``features`` (one module, two names).
"""

from pathlib import Path

import torch

from anomalib_scadn.files import explain_unreadable
from anomalib_scadn.networks import Discriminator, Generator

from .checkpoints import check_fit

AUTHORS = "base_channels=64, residual_blocks=8 and residual='full'"
"""Arguments of the authors' networks, for messages."""


def rename_generator_keys(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Rename the authors' generator keys to those of :class:`~anomalib_scadn.networks.Generator`.

    Args:
        state (dict[str, torch.Tensor]): State dict with the authors' keys.

    Returns:
        dict[str, torch.Tensor]: The same tensors under our keys; a key without counterpart keeps its name.
    """
    return {
        key.replace("middle.", "residual.").replace(".conv_block.", ".layers."): value for key, value in state.items()
    }


def rename_discriminator_keys(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Rename the authors' discriminator keys to those of :class:`~anomalib_scadn.networks.Discriminator`.

    Args:
        state (dict[str, torch.Tensor]): State dict with the authors' keys (spectral norm as a hook).

    Returns:
        dict[str, torch.Tensor]: The same tensors under our keys (spectral norm as a parametrization); a key without
            counterpart keeps its name.
    """
    tensors = {
        "weight_orig": "parametrizations.weight.original",
        "weight_u": "parametrizations.weight.0._u",
        "weight_v": "parametrizations.weight.0._v",
    }
    modules = {f"conv{number}.0": f"layers.{2 * (number - 1)}" for number in range(1, 6)}
    modules["features.0"] = modules["conv1.0"]  # read after conv1 in the authors' order of modules, so it wins
    renamed = {}
    for key, value in sorted(state.items()):
        module, _, tensor = key.rpartition(".")
        known = module in modules and tensor in tensors
        renamed[f"{modules[module]}.{tensors[tensor]}" if known else key] = value
    return renamed


def load_official_weights(
    generator: Generator,
    generator_file: str | Path,
    discriminator: Discriminator | None = None,
    discriminator_file: str | Path | None = None,
) -> None:
    """Load the authors' checkpoint files into our networks, tensors only.

    Both files are read and checked before either network is touched.

    Args:
        generator (Generator): Network to load into.
        generator_file (str | Path): The authors' ``InpaintingModel_gen.pth``.
        discriminator (Discriminator | None): Network to load into. Defaults to ``None``.
        discriminator_file (str | Path | None): The authors' ``InpaintingModel_dis.pth``. Defaults to ``None``.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If a file carries more than tensors and plain data, has no state dict under the expected name, or
            its keys or shapes do not fit the network; the message names the file.
    """
    if discriminator_file is not None and discriminator is None:
        msg = f"this model has no discriminator to load {discriminator_file} into (lambda_adv is 0)"
        raise ValueError(msg)
    states = [(generator, rename_generator_keys(_read(generator_file, "generator")), generator_file)]
    if discriminator is not None and discriminator_file is not None:
        state = rename_discriminator_keys(_read(discriminator_file, "discriminator"))
        states.append((discriminator, state, discriminator_file))  # type: ignore[arg-type]
    for network, state, file in states:
        check_fit(network, state, file, f"; the authors' networks have {AUTHORS}")
    for network, state, _ in states:
        network.load_state_dict(state)


def _read(file: str | Path, name: str) -> dict[str, torch.Tensor]:
    path = Path(file)
    if not path.is_file():
        msg = f"no such checkpoint: {path}"
        raise FileNotFoundError(msg)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        msg = f"{path} cannot be read as a checkpoint: {explain_unreadable(error)}"
        raise ValueError(msg) from error
    if not isinstance(content, dict) or not isinstance(content.get(name), dict):
        found = sorted(map(str, content)) if isinstance(content, dict) else type(content).__name__
        msg = f"{path} must hold a state dict under {name!r}, as the authors' files do; found {found}"
        raise ValueError(msg)
    state = content[name]
    odd = [key for key, value in state.items() if not isinstance(key, str) or not isinstance(value, torch.Tensor)]
    if odd:
        msg = f"{path} must hold tensors by name under {name!r}; {odd[0]!r} is none"
        raise ValueError(msg)
    return state
