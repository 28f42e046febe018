# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The page that an engineer decides on: one HTML file that needs no other, made of a folder of results."""

import base64
import json
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from anomalib_scadn.deploy.images import read_pixels
from anomalib_scadn.files import write_whole

from .labels import gt_labels
from .outcome import OVERLAYS
from .pictures import to_8_bit
from .region_table import read_regions
from .run_record import lock_folder, read_record
from .score_table import GONE, ScoreRow, read_scores

REPORT = "report.html"
"""Name of the page in a folder of results."""

THUMBNAIL = 96
"""Longer side of an image and of its overlay on the page, in pixels."""

QUALITY = 40
"""Quality of the thumbnails' compression, range [0, 100]."""

MOST_REGIONS = 20
"""Regions of an image that the page knows, the highest scores first."""

Thumbnail = npt.NDArray[np.uint8]


def write_report(folder: Path, good: str | None = None, *, progress: bool = False) -> int:
    """Write the page on a folder of results.

    Images are taken from the folder that was scored, where it is still there, and overlays from the results.

    Args:
        folder (Path): Folder that a run has written.
        good (str | None): Folder of normal images, as in :func:`~anomalib_scadn.deploy.inspection.labels.gt_labels`.
            Defaults to ``None``.
        progress (bool): Whether to show a progress bar. Defaults to ``False``.

    Returns:
        int: Size of the page in bytes.

    Raises:
        FileNotFoundError: If the folder holds no results.
        ValueError: If a table is damaged.
        OSError: If the page cannot be written, or a run is writing into the folder.
    """
    record, rows = read_record(folder), read_scores(folder)
    regions, source = read_regions(folder), Path(str(record.get("input", "")))
    entries = _entries(rows, gt_labels([row.path for row in rows], good))
    for row, entry in tqdm(list(zip(rows, entries, strict=True)), unit="image", disable=not progress):
        overlay = folder / OVERLAYS / row.picture if row.picture else None
        entry["overlay"] = quote(f"{OVERLAYS}/{row.picture}", errors="surrogateescape") if overlay else ""
        entry["regions"] = sorted(regions.get(row.path, []), key=lambda region: -region[-1])[:MOST_REGIONS]
        entry["error"] = row.error.replace(f"{source}{os.sep}", "")
        # Images that are gone are listed, not shown.
        entry["thumbnail"] = "" if entry["gone"] else _thumbnail(source / row.path, overlay, record.get("bit_depth"))
    record["input"] = source.name  # the page is sent to people who need not know this machine's folders
    # "<" would end the script where a name holds a tag.
    data = json.dumps({"record": record, "images": entries}, allow_nan=False).replace("<", "\\u003c")
    template = files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    page = template.replace("__DATA__", data).encode("utf-8", "surrogateescape")
    with lock_folder(folder):
        write_whole(folder / REPORT, page)
    return len(page)


def _entries(rows: Sequence[ScoreRow], labels: Sequence[int | None]) -> list[dict[str, Any]]:
    return [
        {
            "path": row.path,
            "raw_score": row.raw_score,
            "pred_score": row.pred_score,
            "pred_label": row.pred_label,
            "gt_label": label,
            "width": row.width,
            "height": row.height,
            "seconds": row.seconds,
            "gone": row.error == GONE,
        }
        for row, label in zip(rows, labels, strict=True)
    ]


def _thumbnail(image: Path, overlay: Path | None, bit_depth: int | None) -> str:
    """Draw an image beside its overlay, as a data address; empty if there is neither."""
    shrunk = [_shrink(image, bit_depth), None if overlay is None else _shrink(overlay)]
    found = [pixels for pixels in shrunk if pixels is not None]
    if not found:
        return ""
    height = max(len(pixels) for pixels in found)
    same = [np.pad(pixels, ((0, height - len(pixels)), (0, 0), (0, 0)), mode="edge") for pixels in found]
    options = [cv2.IMWRITE_WEBP_QUALITY, QUALITY]
    encoded = cv2.imencode(".webp", np.concatenate(same, axis=1)[..., ::-1], options)[1]
    return base64.b64encode(encoded.tobytes()).decode()


def _shrink(path: Path, bit_depth: int | None = None) -> Thumbnail | None:
    try:
        pixels = to_8_bit(read_pixels(path, bit_depth=bit_depth))
    except (OSError, ValueError):
        return None
    factor = THUMBNAIL / max(pixels.shape[:2])
    size = tuple(max(1, round(side * factor)) for side in pixels.shape[1::-1])
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
