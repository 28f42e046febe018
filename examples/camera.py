# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Score the frames of a camera or of a video file, one by one.

Usage: python camera.py model.onnx 0          (the first camera; Ctrl-C ends)
       python camera.py model.ckpt video.avi

Prints a line per frame: number, score, label and latency, the time from the frame's arrival to its result. The median
latency comes last.
"""

import argparse
import sys
import time
from collections import deque
from collections.abc import Iterator
from statistics import median

import cv2
import numpy as np

from anomalib_scadn.deploy import StripedMaskInferencer

MEDIAN_OF = 10_000
"""Latest frames that the median latency is taken of."""


def read_frames(source: str, arrivals: deque[float]) -> Iterator[np.ndarray]:
    """Read frames until there are no more.

    Args:
        source (str): Number of a camera, or path of a video file.
        arrivals (deque[float]): Gets the time of each frame's arrival, in seconds.

    Yields:
        np.ndarray: Frame, shape (H, W, 3), BGR, uint8.

    Raises:
        ValueError: If the source cannot be opened, or gives no frame.
    """
    capture = cv2.VideoCapture(int(source) if source.isdecimal() else source)
    try:
        while capture.isOpened():
            there, frame = capture.read()
            if not there:
                break
            arrivals.append(time.perf_counter())
            yield frame
    finally:
        capture.release()
    if not arrivals:
        msg = f"{source} gives no frame, expected the number of a camera or a video file"
        raise ValueError(msg)


def watch(inferencer: StripedMaskInferencer, source: str) -> None:
    """Score frames and print what was found.

    Args:
        inferencer (StripedMaskInferencer): Takes frames one by one, as BGR.
        source (str): As in :func:`read_frames`.

    Raises:
        ValueError: If the source gives no frame, or a frame cannot be scored.
    """
    arrivals: deque[float] = deque(maxlen=1)
    latencies: deque[float] = deque(maxlen=MEDIAN_OF)
    try:
        for number, (_, result) in enumerate(inferencer.predict_many(read_frames(source, arrivals))):
            if isinstance(result, Exception):
                msg = f"frame {number} of {source} cannot be scored: {result}"
                raise ValueError(msg) from result
            latencies.append(time.perf_counter() - arrivals[-1])
            # A model that was never validated gives a raw score and no label.
            score = result.raw_score if result.pred_score is None else result.pred_score
            label = "" if result.pred_label is None else "anomalous" if result.pred_label else "normal"
            verdict = f"{score:.3f}  {label:9}"
            print(f"{number:6d}  {verdict}  {1000 * latencies[-1]:.1f} ms", flush=True)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    if latencies:
        print(f"{number + 1} frames, median latency {1000 * median(latencies):.1f} ms")


def main() -> None:
    """Score the frames of one source."""
    parser = argparse.ArgumentParser(description="Score the frames of a camera or of a video file.")
    parser.add_argument("model", help="checkpoint (.ckpt), ONNX graph (.onnx) or OpenVINO graph (.xml)")
    parser.add_argument("source", help="number of a camera, or path of a video file")
    parser.add_argument("--device", default="cpu", help="device in the runtime's own words")
    arguments = parser.parse_args()
    try:
        watch(StripedMaskInferencer(arguments.model, arguments.device, channel_order="bgr"), arguments.source)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
