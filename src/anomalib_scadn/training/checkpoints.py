# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Whether a checkpoint's weights and reference values suit a model.

Shapes would not show it: masks are not saved, and reference values mean something only with the masks and the score
that they were computed with.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from anomalib_scadn.checks import check_same_arguments

ARGUMENTS_KEY = "scadn_arguments"
"""Key of the arguments that weights and reference values belong to. ``load_from_checkpoint`` puts the arguments that it
is given among the checkpoint's hyperparameters, which therefore cannot tell."""

ALIKE = ("image_size", "base_channels", "residual_blocks", "residual", "stripes", "mask_fill")
"""Arguments that must be those of training."""

COMPILED = "_orig_mod."
"""What ``torch.compile`` puts before the names of a network's weights."""

NETWORKS, BACKBONE = ("model.generator.", "model.discriminator."), "model.scorer.perceptual."
"""Beginnings of the names of weights, which do not depend on the passes."""


def keep_arguments(checkpoint: dict[str, Any], arguments: Mapping[str, Any]) -> None:
    """Write what weights and reference values belong to.

    Args:
        checkpoint (dict[str, Any]): Checkpoint about to be saved.
        arguments (Mapping[str, Any]): Hyperparameters of the model.
    """
    names = (*ALIKE, "lambda_adv", "passes", "score")
    checkpoint[ARGUMENTS_KEY] = {name: arguments[name] for name in names if name in arguments}


def fit_arguments(
    checkpoint: dict[str, Any], arguments: Mapping[str, Any], own: Mapping[str, torch.Tensor], *, values_needed: bool
) -> None:
    """Refuse weights and reference values of another kind of model.

    The model may have other passes than its checkpoint's. The checkpoint's reference values are then replaced by the
    model's own, which are unfitted.

    Args:
        checkpoint (dict[str, Any]): Checkpoint about to be loaded.
        arguments (Mapping[str, Any]): Hyperparameters of the model.
        own (Mapping[str, torch.Tensor]): State of the model.
        values_needed (bool): Whether the checkpoint's own reference values are needed, to test or to train on.

    Raises:
        ValueError: If sizes or masks differ, if one has a discriminator and the other none, if the score differs with
            the same passes, or if reference values are needed that belong to other passes; the message names both.
    """
    trained = checkpoint.get(ARGUMENTS_KEY) or checkpoint.get("hyper_parameters", {})
    check_same_arguments(trained, arguments, ALIKE)
    if bool(trained.get("lambda_adv", 1)) != bool(arguments.get("lambda_adv", 1)):
        check_same_arguments(trained, arguments, ("lambda_adv",))
    passes = trained.get("passes", "striped")
    if passes == arguments["passes"]:
        check_same_arguments(trained, arguments, ("score",))
        return
    if values_needed:
        msg = (
            f"the checkpoint has reference values for passes = {passes!r}, this model has {arguments['passes']!r}: "
            "give --model.passes as in training, or use load_from_checkpoint(..., passes=...), then Engine.validate, "
            "which computes the values from the training data"
        )
        raise ValueError(msg)
    state = checkpoint["state_dict"].items()
    backbone = {name: value for name, value in state if name.startswith(BACKBONE) and name in own}
    networks = {name: value for name, value in state if name.startswith(NETWORKS)}
    values = {name: value for name, value in own.items() if not name.startswith(NETWORKS)}
    checkpoint["state_dict"] = values | backbone | networks


def plain_names(state: Mapping[str, Any]) -> dict[str, Any]:
    """Name weights as a model does that was not compiled.

    Args:
        state (Mapping[str, Any]): State of a model.

    Returns:
        dict[str, Any]: The same values.
    """
    return {name.replace(COMPILED, ""): value for name, value in state.items()}


def named_as(own: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """Name weights as a model does, whether it or the one that they are from was compiled.

    Args:
        own (Mapping[str, Any]): State of the model.
        state (Mapping[str, Any]): State of a checkpoint.

    Returns:
        dict[str, Any]: The checkpoint's state; a name without counterpart loses only what compiling has put before it.
    """
    names = plain_names({name: name for name in own})
    return {names.get(name, name): value for name, value in plain_names(state).items()}


def check_fit(network: nn.Module, state: Mapping[str, Any], what: object, advice: str = "") -> None:
    """Refuse weights that do not fit, in one line.

    Args:
        network (nn.Module): What shall be loaded into.
        state (Mapping[str, Any]): Weights and buffers by name.
        what (object): Where they are from, for the message.
        advice (str): What to know, for the message. Defaults to ``""``.

    Raises:
        ValueError: If a name or a shape differs; the message names the first, and how many differ.
    """
    expected, found = (
        {key: tuple(value.shape) for key, value in held.items() if isinstance(value, torch.Tensor)}
        for held in (network.state_dict(), state)
    )
    different = sorted(expected.items() ^ found.items())
    if not different:
        return
    key = different[0][0]
    msg = (
        f"{what} does not fit this {type(network).__name__}: {key} has shape {found.get(key, 'missing')}, expected "
        f"{expected.get(key, 'no such key')} ({len({name for name, _ in different})} keys differ{advice})"
    )
    raise ValueError(msg)
