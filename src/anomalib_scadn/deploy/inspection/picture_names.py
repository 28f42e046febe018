# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Names of pictures in a folder of results.

The picture of ``NAME.jpg`` is ``NAME.png``, or ``NAME.jpg.png`` if two images of a folder differ only in extension. A
name that is too long is cut, and one that is taken extended, both by a hash of the image's path: ``NAME-1a2b3c4d.png``.
So an image that is scored later takes no other image's picture.
"""

import os
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePosixPath

LONGEST = 120
"""Bytes of a picture's name without suffix and hash: encrypted file systems allow 143 in all."""


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
        stem = image.stem if shared[str(image.with_suffix("")).casefold()] == 1 else image.name
        name = image.with_name(f"{stem}.png")
        if len(os.fsencode(stem)) > LONGEST or str(name).casefold() in taken:
            name = image.with_name(f"{_shorten(stem)}-{sha256(os.fsencode(image)).hexdigest()[:8]}.png")
        pictures[image] = name
        taken.add(str(name).casefold())
    return pictures


def _shorten(stem: str) -> str:
    while len(os.fsencode(stem)) > LONGEST:
        stem = stem[:-1]
    return stem
