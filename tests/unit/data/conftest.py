# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tiny LaceAD folders to break in many ways."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anomalib_scadn.data import image_files

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path) -> Save:
    """Save a flat image under tmp_path; parents are made."""

    def write(path: str, value: int | tuple[int, ...] = 100, size: tuple[int, int] = (8, 6), mode: str = "RGB") -> Path:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, size, (value,) * 3 if mode == "RGB" and isinstance(value, int) else value).save(target)
        return target

    return write


@pytest.fixture
def save_mask(tmp_path) -> Callable[..., Path]:
    """Save a mask of 8 x 6 pixels whose pixel in row 2, column 3 has the given value."""

    def write(path: str, value: int | tuple[int, ...] = 255, mode: str = "L") -> Path:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new(mode, (8, 6))
        image.putpixel((3, 2), value)
        image.save(target)
        return target

    return write


@pytest.fixture
def lace_root(tmp_path, save, save_mask) -> Path:
    """Root with the patterns 2 and 10: four training, two good and three torn images, with masks."""
    for pattern in ("2", "10"):
        for index in range(4):
            save(f"{pattern}/train/good/{index}.png")
        for index in range(2):
            save(f"{pattern}/test/good/{index}.jpg")
        for index in range(3):
            save(f"{pattern}/test/torn/{index}.jpg")
            save_mask(f"{pattern}/ground_truth/torn/{index}_mask.png")
    return tmp_path


@pytest.fixture
def pixels() -> Callable[[Path], np.ndarray]:
    """Read an image as an array."""
    return lambda path: np.asarray(Image.open(path))


@pytest.fixture(autouse=True)
def _nothing_was_said(monkeypatch):
    """Let every test hear the warnings that are logged once only."""
    monkeypatch.setattr(image_files, "_warned", set())
