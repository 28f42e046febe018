# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Image files that are not on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO


@dataclass(frozen=True)
class ImageBytes:
    """Content of an image file that something else than a path leads to: an archive, or storage in a network.

    Args:
        name (str): Name of the file, for messages.
        read (Callable[[], bytes]): Gives its content; what it raises is told as that of a file.

    Example:
        >>> import numpy as np
        >>> from PIL import Image
        >>> from anomalib_scadn.data.image_reading import read_file
        >>> file = BytesIO()
        >>> Image.fromarray(np.zeros((2, 4), dtype=np.uint8)).save(file, format="png")
        >>> read_file(ImageBytes("shard.tar/a.png", file.getvalue)).shape
        (2, 4, 3)
    """

    name: str
    read: Callable[[], bytes]

    def __str__(self) -> str:
        """Name of the file."""
        return self.name

    def open(self) -> BytesIO:
        """Open the content; what Pillow says of a file shows its name.

        Returns:
            BytesIO: The content, at its beginning.
        """
        return _Named(self)


class _Named(BytesIO):
    def __init__(self, image: ImageBytes) -> None:
        super().__init__(image.read())
        self._name = image.name

    def __repr__(self) -> str:
        return repr(self._name)
