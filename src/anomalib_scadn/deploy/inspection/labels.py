# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Labels of images from the names of their folders: ``good`` or anything else."""

from collections.abc import Sequence
from pathlib import PurePath, PurePosixPath

GOOD = "good"
UNJUDGED = {"train", "ground_truth"}
"""Folders of a data set whose images say nothing of further parts: the model has seen them, or they are masks."""


def gt_labels(paths: Sequence[str], good: str | None = None) -> list[int | None]:
    """Tell normal from anomalous images.

    Args:
        paths (Sequence[str]): Images, relative to the input folder, with forward slashes; out of a list of paths as
            they stand there, which may be absolute.
        good (str | None): Folder of normal images, as it stands in the paths; ``"."`` for all images. Defaults to
            ``None``: folders that are called ``good``, in any case.

    Returns:
        list[int | None]: 0 for an image of a folder of normal images, 1 for an image of another folder, ``None`` for an
            image in no folder, and for all if there is no folder of normal images. Without ``good`` also ``None`` below
            folders that are called ``train`` or ``ground_truth``, in any case.

    Raises:
        ValueError: If no image lies in the folder that was named.
    """
    folders = [PurePosixPath(path).parent for path in paths]
    if good is not None:
        chosen = PurePosixPath(PurePath(good).as_posix())
        normal = [not chosen.parts or folder.is_relative_to(chosen) for folder in folders]
    else:
        parts = [{name.lower() for name in folder.parts} for folder in folders]
        folders = [
            PurePosixPath() if found & UNJUDGED else folder for folder, found in zip(folders, parts, strict=True)
        ]
        normal = [GOOD in found and not found & UNJUDGED for found in parts]
    if good is not None and not any(normal):
        # As it stands there: PurePosixPath makes s3:/ of s3://.
        found = next((f" such as {folder}" for path in paths if (folder := path.rpartition("/")[0])), "")
        msg = f"no image was scored in a folder {good}: expected one{found}, or '.' for all images"
        raise ValueError(msg)
    if not any(normal):
        return [None] * len(folders)
    return [0 if is_normal else 1 if folder.parts else None for folder, is_normal in zip(folders, normal, strict=True)]
