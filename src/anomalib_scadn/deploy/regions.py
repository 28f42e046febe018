# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Connected regions of anomalous pixels: where a fault is, and how large."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

FINE = 2
"""Parts that a pixel's side is cut into while an outline is traced, so that it encloses the centres of its pixels."""


@dataclass(frozen=True)
class Region:
    """A connected region of anomalous pixels. Pixel (0, 0) covers the square from (0, 0) to (1, 1).

    Args:
        x (int): Left border of the box around it, in pixels.
        y (int): Upper border of the box.
        width (int): Width of the box in pixels.
        height (int): Height of the box in pixels.
        area (int): Number of its pixels.
        centroid (tuple[float, float]): Mean place (x, y) of its pixels.
        pred_score (float): Highest value of the normalized anomaly map in it, range [0, 1].
        contour (tuple[tuple[float, float], ...]): Outer outline, corners (x, y) of a polygon; holes are not in it.

    Example:
        >>> outline = ((0.25, 0.25), (0.25, 0.75), (1.75, 0.75), (1.75, 0.25))
        >>> Region(0, 0, 2, 1, area=2, centroid=(1.0, 0.5), pred_score=0.8, contour=outline).area
        2
    """

    x: int
    y: int
    width: int
    height: int
    area: int
    centroid: tuple[float, float]
    pred_score: float
    contour: tuple[tuple[float, float], ...]


def find_regions(
    pred_mask: npt.NDArray[np.bool_], anomaly_map: npt.NDArray[np.floating], min_area: int = 1
) -> tuple[Region, ...]:
    """Find the connected regions of a mask; pixels that touch at a corner are connected.

    Args:
        pred_mask (npt.NDArray[np.bool_]): Which pixels are anomalous, shape (H, W).
        anomaly_map (npt.NDArray[np.floating]): Normalized map, shape (H, W), range [0, 1].
        min_area (int): Least number of pixels of a region. Defaults to ``1``.

    Returns:
        tuple[Region, ...]: The highest score first.

    Example:
        >>> import numpy as np
        >>> (region,) = find_regions(np.eye(3, dtype=bool), np.eye(3))
        >>> region.area, region.centroid, region.width
        (3, (1.5, 1.5), 3)
    """
    count, labels, boxes, centroids = cv2.connectedComponentsWithStats(pred_mask.astype(np.uint8), connectivity=8)
    found = []
    for index in range(1, count):  # 0 is the background
        x, y, width, height, area = (int(number) for number in boxes[index])
        if area < min_area:
            continue
        window = slice(y, y + height), slice(x, x + width)
        own = labels[window] == index
        centre_x, centre_y = (float(number) + 0.5 for number in centroids[index])
        highest = float(np.asarray(anomaly_map[window])[own].max())
        found.append(Region(x, y, width, height, area, (centre_x, centre_y), highest, _outline(own, x, y)))
    return tuple(sorted(found, key=lambda region: -region.pred_score))


def _outline(own: npt.NDArray[np.bool_], x: int, y: int) -> tuple[tuple[float, float], ...]:
    fine = own.astype(np.uint8).repeat(FINE, axis=0).repeat(FINE, axis=1)
    (outline,), _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    corners = (np.asarray(outline)[:, 0] + 0.5) / FINE + (x, y)
    return tuple((float(across), float(down)) for across, down in corners)
