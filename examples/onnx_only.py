# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Score an image with an exported ONNX graph, where only onnxruntime, numpy and opencv are installed.

Usage: python onnx_only.py weights/onnx/model.onnx image.png

The whole of SCADN's inference is inside the graph, resizing, threshold and description included. Prints the normalized
score and the label as JSON.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort


def read_image(path: Path) -> np.ndarray:
    """Read an image as the model was trained on it.

    Args:
        path (Path): Image file with 8 bits per channel.

    Returns:
        np.ndarray: Shape (1, 3, H, W), float32, RGB, range [0, 1].

    Raises:
        ValueError: If the file cannot be read.
    """
    # Bytes first, for OpenCV cannot open every path; no rotation by EXIF, for training has none.
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    bgr = cv2.imdecode(content, flags) if content.size else None
    if bgr is None:
        msg = f"{path} cannot be read as an image"
        raise ValueError(msg)
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(rgb.transpose(2, 0, 1))[None]


def score(model: Path, image: np.ndarray) -> dict[str, float | bool]:
    """Run a graph on one image.

    Args:
        model (Path): Exported ``.onnx`` file, its ``.data`` file beside it.
        image (np.ndarray): As :func:`read_image` gives it.

    Returns:
        dict[str, float | bool]: Normalized score, and the label if the graph makes one; the raw score if the model was
            never validated or normalizes nothing.

    Raises:
        ValueError: If the graph cannot be loaded, or cannot take the image.
    """
    try:
        session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        description = json.loads(session.get_modelmeta().custom_metadata_map["anomalib_scadn"])
        values = dict(zip(names, session.run(names, {session.get_inputs()[0].name: image}), strict=True))
    except Exception as error:  # the runtime's errors have no common base of their own
        msg = f"{model} cannot be run on an image of shape {image.shape}: {error}"
        raise ValueError(msg) from error
    limits = (description["image"]["minimum"], description["image"]["maximum"])
    if not description["enable_normalization"] or None in limits:
        return {"raw_score": float(values["pred_score"][0])}
    result = {"pred_score": float(values["pred_score"][0])}
    if "pred_label" in values:
        result["pred_label"] = bool(values["pred_label"][0])
    return result


def main() -> None:
    """Score one image."""
    parser = argparse.ArgumentParser(description="Score an image with an exported ONNX graph.")
    parser.add_argument("model", type=Path, help="exported .onnx file, its .data file beside it")
    parser.add_argument("image", type=Path, help="image file, 8 bits per channel")
    arguments = parser.parse_args()
    try:
        result = score(arguments.model, read_image(arguments.image))
    except (OSError, ValueError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
    print(json.dumps({"image": str(arguments.image), **result}))


if __name__ == "__main__":
    main()
