# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SyntheticLace: drawn lace in place of LaceAD, which cannot be downloaded.

It is good for trying a model out end to end, in minutes and without any download. It says nothing about how well a
model does on real lace.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import platformdirs

from anomalib_scadn.checks import as_image_size

from .lace_folder import LaceFolder
from .lace_patterns import find_pattern_style
from .lacead import LaceAD


class SyntheticLace(LaceAD):
    """Drawn lace images of one pattern: drawn once, then read like LaceAD.

    The images lie in ``root/<drawing version and arguments>/<pattern>``. The same arguments give the same bytes and
    are drawn once; other arguments are drawn beside them. There are five kinds of defect, each with exact masks:
    broken_thread, foreign_fibre, hole, missing_motif, stain.

    Args:
        root (Path | str | None): Folder for all drawn lace; ``None`` means ``synthetic_lace`` in the user's cache
            folder for anomalib-scadn. Defaults to ``None``.
        category (str | int): Pattern number: 1 (flowers on a diamond net), 2 (leaves on a hexagonal net), 3 (dots on
            a square net) or 4 (scallops on a hexagonal net). Defaults to ``"1"``.
        image_size (int | tuple[int, int]): Side of the square images in pixels, at least 32; a pair must have equal
            sides. Defaults to ``128``.
        num_train (int): Flawless training images, at least 1. Defaults to ``160``.
        num_test_good (int): Flawless test images. Defaults to ``40``.
        num_test_defect (int): Test images per kind of defect. Defaults to ``8``.
        drawing_seed (int): Seed of the drawing, 0 or more. Defaults to ``0``.
        **options (Any): As in :class:`LaceAD`; ``seed`` is that of the splits, not of the drawing.

    Raises:
        ValueError: If there is no such pattern, the size or a number of images is too small, the image is not
            square, or LaceAD refuses an argument.

    Example:
        >>> sizes = {"image_size": 32, "num_train": 2, "num_test_good": 1, "num_test_defect": 1}
        >>> datamodule = SyntheticLace(root="lace", category=2, **sizes, train_batch_size=2, num_workers=0)
        >>> datamodule.prepare_data()
        >>> datamodule.setup()
        >>> next(iter(datamodule.train_dataloader())).image.shape
        torch.Size([2, 3, 32, 32])
    """

    def __init__(
        self,
        root: Path | str | None = None,
        category: str | int = "1",
        image_size: int | tuple[int, int] = 128,
        num_train: int = 160,
        num_test_good: int = 40,
        num_test_defect: int = 8,
        drawing_seed: int = 0,
        **options: Any,  # noqa: ANN401  # arguments of LaceAD
    ) -> None:
        """Check and store the arguments; nothing is drawn yet."""
        super().__init__(root=root, category=category, **options)
        self._pattern = _pattern_number(self.category)
        self.category = str(self._pattern)
        self._folder = LaceFolder(_side(image_size), num_train, num_test_good, num_test_defect, drawing_seed)
        self._folder.check()

    @property
    def root(self) -> Path:
        """Folder of the patterns drawn with these arguments; the user's cache folder is looked up at each call.

        Returns:
            Path: It need not exist yet.
        """
        return self._drawings / self._folder.key

    @property
    def _drawings(self) -> Path:
        return self._root or platformdirs.user_cache_path("anomalib-scadn") / "synthetic_lace"

    def prepare_data(self) -> None:
        """Draw the pattern unless it was drawn before, then check its folder.

        Raises:
            OSError: If the folder cannot be written.
            ValueError: If somebody changed the folder so that its files no longer fit together.
        """
        self._folder.draw(self._drawings, self._pattern)
        super().prepare_data()

    def _setup(self, _stage: str | None = None) -> None:
        # Some of anomalib's helpers set a data module up without preparing it.
        self._folder.draw(self._drawings, self._pattern)
        super()._setup(_stage)


def _pattern_number(category: str) -> int:
    # Words go on to the same error as unknown numbers.
    number = int(category) if category.isdecimal() else 0
    try:
        find_pattern_style(number)
    except ValueError as error:
        msg = f"category must be the number of a drawn pattern, got {category!r}: {error}"
        raise ValueError(msg) from error
    return number


def _side(image_size: int | Sequence[int]) -> int:
    # Anomalib's get_datamodule turns any image_size into a pair.
    height, width = as_image_size(image_size)
    if height != width:
        msg = f"image_size must be square, got {height} x {width}"
        raise ValueError(msg)
    return height
