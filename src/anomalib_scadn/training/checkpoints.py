# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Whether a checkpoint's weights and reference values suit a model.

Shapes would not show it: masks are not saved, and reference values mean something only with the masks and the score
that they were computed with.
"""

from collections.abc import Mapping
from typing import Any

import torch

from anomalib_scadn.checks import check_same_arguments

ARGUMENTS_KEY = "scadn_arguments"
"""Key of the arguments that weights and reference values belong to. ``load_from_checkpoint`` puts the arguments that it
is given among the checkpoint's hyperparameters, which therefore cannot tell."""

NETWORKS, BACKBONE = ("model.generator.", "model.discriminator."), "model.scorer.perceptual."
"""Beginnings of the names of weights, which do not depend on the passes."""


def keep_arguments(checkpoint: dict[str, Any], arguments: Mapping[str, Any]) -> None:
    """Write what weights and reference values belong to.

    Args:
        checkpoint (dict[str, Any]): Checkpoint about to be saved.
        arguments (Mapping[str, Any]): Hyperparameters of the model.
    """
    names = ("image_size", "stripes", "mask_fill", "passes", "score")
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
        ValueError: If masks or size differ, if the score differs with the same passes, or if reference values are
            needed that belong to other passes; the message names both values.
    """
    trained = checkpoint.get(ARGUMENTS_KEY) or checkpoint.get("hyper_parameters", {})
    check_same_arguments(trained, arguments, ("image_size", "stripes", "mask_fill"))
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
