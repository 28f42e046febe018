# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A folder of drawn lace in the layout of LaceAD, drawn whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anomalib_scadn.files import naming, whole_folder

from .image_files import encode_png
from .lace_defects import DEFECTS, draw_defect
from .lace_drawing import check_side, draw_lace

DRAWING_VERSION = 1
"""Raised whenever the same arguments give other pixels, so that no old folder is mistaken for a new one."""


@dataclass(frozen=True)
class LaceFolder:
    """What decides every pixel of a folder of drawn lace, apart from the pattern.

    Args:
        image_size (int): Side of the square images in pixels, at least 32.
        num_train (int): Flawless training images, at least 1.
        num_test_good (int): Flawless test images, 0 or more.
        num_test_defect (int): Test images per kind of defect, 0 or more.
        drawing_seed (int): Seed of everything that varies, 0 or more.
    """

    image_size: int
    num_train: int
    num_test_good: int
    num_test_defect: int
    drawing_seed: int

    def check(self) -> None:
        """Raise unless a folder can be drawn.

        Raises:
            ValueError: If a number is too small, or there would be no test image.
        """
        check_side(self.image_size)
        least = {"num_train": 1, "num_test_good": 0, "num_test_defect": 0, "drawing_seed": 0}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                msg = f"{name} must be {smallest} or more, got {getattr(self, name)}"
                raise ValueError(msg)
        if not self.num_test_good + self.num_test_defect:
            msg = "a test image is needed: num_test_good and num_test_defect must not both be 0"
            raise ValueError(msg)

    @property
    def key(self) -> str:
        """Name of the folder that holds the patterns.

        Returns:
            str: The drawing version and every number above, so that other numbers mean another folder.
        """
        return (
            f"v{DRAWING_VERSION}_{self.image_size}px_train{self.num_train}_good{self.num_test_good}"
            f"_defect{self.num_test_defect}_seed{self.drawing_seed}"
        )

    def draw(self, root: Path, pattern: int) -> Path:
        """Draw one pattern, unless it is there already.

        The images appear under the final name all at once, when the last one is written. An interrupted drawing
        leaves only a hidden folder that nothing reads; of two drawings at once the first to finish wins.

        Args:
            root (Path): Folder for all drawn lace; made when missing.
            pattern (int): Pattern number.

        Returns:
            Path: ``root / key / pattern``, in the layout of LaceAD.

        Raises:
            ValueError: If a number is too small, or there is no such pattern.
            OSError: If the folder cannot be written.
        """
        self.check()
        final = root / self.key / str(pattern)
        if final.is_dir():
            return final
        try:
            with whole_folder(final) as drawn:
                self._draw_into(drawn, pattern)
        except OSError:
            # Another process was faster, and drew the same pixels.
            if not final.is_dir():
                raise
        return final

    def _draw_into(self, folder: Path, pattern: int) -> None:
        for place, split, count in (("train", 0, self.num_train), ("test", 1, self.num_test_good)):
            for index in range(count):
                picture = draw_lace(pattern, self.image_size, self._generator(pattern, split, index))
                _write(folder / place / "good" / f"{index:03d}.png", picture)
        for split, kind in enumerate(DEFECTS, start=2):
            for index in range(self.num_test_defect):
                generator = self._generator(pattern, split, index)
                picture, mask = draw_defect(pattern, kind, self.image_size, generator)
                _write(folder / "test" / kind / f"{index:03d}.png", picture)
                _write(folder / "ground_truth" / kind / f"{index:03d}_mask.png", mask.astype(np.uint8) * 255)

    def _generator(self, pattern: int, split: int, index: int) -> np.random.Generator:
        # One generator per image: asking for more images does not change the first ones.
        return np.random.default_rng([self.drawing_seed, pattern, split, index])


def _write(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path):
        path.write_bytes(encode_png(path, pixels))
