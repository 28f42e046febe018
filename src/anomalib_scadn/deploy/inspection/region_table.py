# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Regions of anomalous images: ``regions.csv`` while images are scored, ``regions.json`` of COCO at the end."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from anomalib_scadn.deploy.regions import Region
from anomalib_scadn.files import write_whole

from .score_parts import has_parts, read_rows
from .score_table import ScoreRow
from .table import Table, read_table

REGIONS = "regions.csv"
"""Name of the table in a folder of results."""

COCO = "regions.json"
"""Name of the file that annotation tools open."""

COLUMNS = ("path", "x", "y", "width", "height", "area", "centroid_x", "centroid_y", "pred_score", "contour")


class RegionTable(Table):
    """One row per region: box, area and centroid in pixels of the image, highest score, corners of the outline.

    Opening drops regions of images that have no score.

    Args:
        path (Path): File to open, in a folder that exists.
        scored (set[str]): Paths of the images whose scores are known.

    Raises:
        ValueError: If the file is another table.
        OSError: If the file cannot be read or written.
    """

    def __init__(self, path: Path, scored: set[str]) -> None:
        super().__init__(path, COLUMNS, lambda row: row if row["path"] in scored else None)

    def add(self, path: str, regions: Sequence[Region]) -> None:
        """Add the regions of an image.

        Args:
            path (str): Image, relative to the input folder.
            regions (Sequence[Region]): Its regions.

        Raises:
            OSError: If the file cannot be written.
        """
        if regions:
            self.append(region_cells(path, region) for region in regions)


def write_coco(folder: Path, scores: Sequence[ScoreRow]) -> None:
    """Write all regions of a folder of results as annotations of COCO, with polygons and scores.

    Args:
        folder (Path): Folder of results, with ``regions.csv``.
        scores (Sequence[ScoreRow]): Its rows of scores. Images that failed or are gone are left out.

    Raises:
        OSError: If a file cannot be read or written.
    """
    sizes = {row.path: (row.width, row.height) for row in scores if not row.error}
    numbers = {path: number for number, path in enumerate(sizes, start=1)}
    content = {
        "info": {"description": "anomalous regions"},
        "categories": [{"id": 1, "name": "anomaly"}],
        "images": [
            {"id": numbers[path], "file_name": path, "width": width, "height": height}
            for path, (width, height) in sizes.items()
        ],
        "annotations": list(_annotations(folder, numbers)),
    }
    write_whole(folder / COCO, json.dumps(content).encode())


def read_regions(folder: Path) -> dict[str, list[list[float]]]:
    """Read the boxes of a folder of results.

    Args:
        folder (Path): Folder that a run has written.

    Returns:
        dict[str, list[list[float]]]: By image, one list per region: x, y, width, height, area, highest score.
    """
    found: dict[str, list[list[float]]] = {}
    for row in _rows(folder):
        numbers = [float(row[name]) for name in ("x", "y", "width", "height", "area", "pred_score")]
        found.setdefault(row["path"], []).append(numbers)
    return found


def _rows(folder: Path) -> Iterator[Mapping[str, Any]]:
    if has_parts(folder):
        for image in read_rows(folder, ("path", "regions")):
            yield from ({"path": image["path"], **region} for region in image["regions"])
    elif (folder / REGIONS).is_file():
        yield from read_table(folder / REGIONS, COLUMNS)


def region_cells(path: str, region: Region) -> tuple[object, ...]:
    """Make the row of a region.

    Args:
        path (str): Its image, relative to the input folder.
        region (Region): The region.

    Returns:
        tuple[object, ...]: One value per column of the table.
    """
    corners = " ".join(f"{across:g},{down:g}" for across, down in region.contour)
    box = (region.x, region.y, region.width, region.height, region.area)
    return (path, *box, *(round(value, 2) for value in region.centroid), round(region.pred_score, 6), corners)


def _annotations(folder: Path, numbers: dict[str, int]) -> Iterator[dict[str, Any]]:
    rows = (row for row in read_table(folder / REGIONS, COLUMNS) if row["path"] in numbers)
    for number, row in enumerate(rows, start=1):
        yield {
            "id": number,
            "image_id": numbers[row["path"]],
            "category_id": 1,
            "bbox": [int(row[name]) for name in ("x", "y", "width", "height")],
            "area": int(row["area"]),
            "segmentation": [[float(value) for value in row["contour"].replace(",", " ").split()]],
            "iscrowd": 0,
            "score": float(row["pred_score"]),
        }
