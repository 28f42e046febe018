# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Names of pictures in a folder of results.

The picture of ``NAME.jpg`` is ``NAME.png``, or ``NAME.jpg.png`` if two images of a folder differ only in extension. A
longer name is cut, and one that is still taken gets a number: ``NAME.jpg-2.png``.
"""

import os
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import PurePosixPath

LONGEST = 120
"""Bytes of a picture's name without suffix and number: encrypted file systems allow 143 in all."""


def picture_names(images: Iterable[PurePosixPath]) -> dict[PurePosixPath, PurePosixPath]:
    """Name the picture of each image, no two alike even where case does not count, none like a folder.

    Args:
        images (Iterable[PurePosixPath]): Images, relative to their folder.

    Returns:
        dict[PurePosixPath, PurePosixPath]: Picture by image, relative to the folder of pictures.
    """
    listed = list(images)
    # A stem must differ from full names too: the pictures of a.jpg (beside a.png) and of a.jpg.png are to differ.
    shared = Counter(str(name).casefold() for image in listed for name in (image.with_suffix(""), image))
    taken = {str(folder).casefold() for image in listed for folder in image.parents}
    pictures = {}
    for image in listed:
        plain = shared[str(image.with_suffix("")).casefold()] == 1
        stem = _shorten(image.stem if plain else image.name)
        names = (image.with_name(f"{stem}{f'-{number}' if number > 1 else ''}.png") for number in count(1))
        pictures[image] = next(name for name in names if str(name).casefold() not in taken)
        taken.add(str(pictures[image]).casefold())
    return pictures


def _shorten(stem: str) -> str:
    while len(os.fsencode(stem)) > LONGEST:
        stem = stem[:-1]
    return stem
