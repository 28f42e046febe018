# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""A file of its own for each image of a run, where anomalib names files by the last parts of the images' paths."""

from collections.abc import Sequence
from pathlib import Path


class OwnFiles:
    """Files that the images of a run are drawn into, no two alike even where case does not count."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def find(self, root: Path, image: str, kept: Path, names: Sequence[str]) -> Path:
        """Find the file of an image: anomalib's, or with more of the image's folders before it if another has that.

        Args:
            root (Path): Folder of the files.
            image (str): Path of the image.
            kept (Path): What anomalib keeps of it, relative to ``root``.
            names (Sequence[str]): Names that the file may have, the first one preferred.

        Returns:
            Path: The file; the same one for the same image.
        """
        above = Path(image).absolute().parts[: -len(kept.parts)]
        folders = [part for part in (part.strip(":\\/") for part in above) if part]
        for count in range(len(folders) + 1):
            for name in names:
                file = root.joinpath(*folders[len(folders) - count :], *kept.parent.parts, name)
                if self._owners.setdefault(str(file).casefold(), image) == image:
                    return file
        msg = f"no picture can be named after {image}: those of other images have all names below {root}"
        raise FileExistsError(msg)
