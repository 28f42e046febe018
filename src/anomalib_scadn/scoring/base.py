# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The base of all scores: reconstructions go in, maps and image scores come out.

A new score is one subclass of :class:`Score` in one file. Its constructor takes options only, stores each under its own
name, and is called by users, configurations and checkpoints alike. The torch model then tells it the number of scales
and the image size (:meth:`Score.prepare`).
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn
from typing_extensions import Self


class ScoreOutput(NamedTuple):
    """Scores and maps of N images.

    Attributes:
        pred_score (torch.Tensor): Image scores, shape (N,), higher is more anomalous.
        anomaly_map (torch.Tensor): Final map, shape (N, 1, H, W), higher is more anomalous.
        scale_maps (torch.Tensor): E_i, shape (N, S, H, W), one map per scale.
        selected_scale (torch.Tensor): f, shape (N,), int64, index of the scale that stands out: the
            one that the final map comes from (SCADN Eq. 9), or see the score.
    """

    pred_score: torch.Tensor
    anomaly_map: torch.Tensor
    scale_maps: torch.Tensor
    selected_scale: torch.Tensor


class Score(nn.Module, ABC):
    """A way of turning reconstructions into maps and scores.

    Reference values, which a score learns from normal images, are sums over images: they do not depend on how images
    are batched and can be reduced over processes. :meth:`statistics` gives a batch's share, their sum and the number of
    images go to :meth:`fit`. A score stays in single precision where the generator runs in half of it.

    Attributes:
        kinds (dict[str, type[Score]]): All subclasses by name. A checkpoint names its score, and only a class that is
            in this dictionary already is made from it.
        exact (bool): Whether 8-bit graphs must leave the score in single precision. Defaults to ``False``.
        needs_stripes (bool): Whether the score compares only where stripes were removed. Defaults to ``False``.
        selects (bool): Whether map and score come from the selected scale alone. If not, a runtime may leave the
            selection out of a graph. Defaults to ``True``.
    """

    kinds: ClassVar[dict[str, type["Score"]]] = {}
    exact: ClassVar[bool] = False
    needs_stripes: ClassVar[bool] = False
    selects: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401  # Python's own signature
        """Remember the subclass by its name."""
        super().__init_subclass__(**kwargs)
        known = cls.kinds.setdefault(cls.__name__, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            msg = f"there is a score {cls.__name__} in {known.__module__}, give that of {cls.__module__} another name"
            raise TypeError(msg)
        cls.kinds[cls.__name__] = cls

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Self:  # torch's signature
        def at_least_single(value: torch.Tensor) -> torch.Tensor:
            changed = fn(value)
            half = changed.dtype in (torch.float16, torch.bfloat16)
            return value.to(changed.device) if half else changed

        # Reference values, and what is measured against them, are small differences.
        return super()._apply(at_least_single, recurse)

    @abstractmethod
    def prepare(self, scales: int, size: tuple[int, int]) -> Self:
        """Make what depends on the model: buffers for the reference values, and networks.

        Args:
            scales (int): S, number of mask scales; 1 for one pass over whole images.
            size (tuple[int, int]): Height and width of the images in pixels.

        Returns:
            Self: The score itself, not fitted.

        Raises:
            ValueError: If an option does not suit the size.
        """

    @abstractmethod
    def forward(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> ScoreOutput:
        """Score images; each image's result is independent of the others.

        Args:
            images (torch.Tensor): I, shape (N, C, H, W), range [0, 1].
            reconstructions (torch.Tensor): Î_ij, shape (N, 4 * S, C, H, W), range [0, 1]; (N, 1, C, H, W) of whole
                images.
            masks (torch.Tensor): M_ij, shape (4 * S, 1, H, W), 1 = kept, 0 = removed; (1, 1, H, W) likewise.

        Returns:
            ScoreOutput: Maps and scores of the N images.
        """

    @abstractmethod
    def pool(self, anomaly_map: torch.Tensor) -> torch.Tensor:
        """Make image scores of final maps.

        Args:
            anomaly_map (torch.Tensor): Final maps, shape (N, ..., P), of all pixels or of those that count.

        Returns:
            torch.Tensor: Shape (N,).
        """

    @abstractmethod
    def statistics(self, images: torch.Tensor, reconstructions: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Sum over normal images what :meth:`fit` needs.

        Args:
            images (torch.Tensor): As in :meth:`forward`.
            reconstructions (torch.Tensor): As in :meth:`forward`.
            masks (torch.Tensor): As in :meth:`forward`.

        Returns:
            torch.Tensor: The batch's share, a sum over images in double precision on the CPU, since not every
                accelerator has it: in single precision a sum depends on how images are batched.
        """

    @abstractmethod
    def fit(self, total: torch.Tensor, count: int) -> None:
        """Take the reference values over from the summed statistics.

        Args:
            total (torch.Tensor): Sum of :meth:`statistics` over all images.
            count (int): Number of images, at least 1.

        Raises:
            ValueError: If ``count`` is below 1 or the statistics are not finite.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget the reference values."""

    @property
    @abstractmethod
    def statistics_shape(self) -> tuple[int, ...]:
        """Shape of what :meth:`statistics` gives."""

    @property
    @abstractmethod
    def is_fitted(self) -> bool:
        """Whether there is all that the score needs from normal images."""

    @property
    def options(self) -> dict[str, Any]:
        """Options of the constructor by name, as plain data that JSON and weights-only loading know."""
        return {name: _plain(getattr(self, name)) for name in inspect.signature(type(self)).parameters}

    @property
    def description(self) -> dict[str, Any]:
        """Class name and options, from which :func:`as_score` makes the score again."""
        return {"class_path": type(self).__name__, "init_args": self.options}


def as_score(score: Score | Mapping[str, Any]) -> Score:
    """Take a score, or make one from its description.

    Args:
        score (Score | Mapping[str, Any]): A score, or ``class_path`` and ``init_args`` as a configuration has them.
            Only the last part of the class path counts: nothing is imported.

    Returns:
        Score: A copy, so that no two models share reference values.

    Raises:
        TypeError: If it is neither, or the options are not those of the class.
        ValueError: If there is no score of that name, or an option is impossible.
    """
    if isinstance(score, Score):
        return deepcopy(score)
    if not isinstance(score, Mapping) or not {"class_path"} <= set(score) <= {"class_path", "init_args"}:
        msg = f"score must be a Score, or a class_path with init_args, got {score!r}"
        raise TypeError(msg)
    name = str(score["class_path"]).rpartition(".")[2]
    kind = Score.kinds.get(name)
    if kind is None or inspect.isabstract(kind):
        known = ", ".join(sorted(name for name, kind in Score.kinds.items() if not inspect.isabstract(kind)))
        msg = f"unknown score {score['class_path']!r}; known: {known}"
        raise ValueError(msg)
    return kind(**(score.get("init_args") or {}))


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever options there are
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
