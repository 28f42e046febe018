# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import base64
import json
import re
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from anomalib_scadn.deploy.inspection.folder import score_folder
from anomalib_scadn.deploy.inspection.report import THUMBNAIL, write_report
from anomalib_scadn.deploy.inspection.run_record import lock_folder

RECORD = {"version": "1", "files": [{"name": "m.onnx", "size": 1, "sha256": "ab" * 32}], "tile": None, "overlap": None}


def page_of(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def data_of(folder):
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', page_of(folder), re.DOTALL)
    return json.loads(found[1])


@pytest.fixture
def results(tmp_path, fake_inferencer):
    """Results of four labelled images, one of them broken, one with a name that ends a script."""
    source = tmp_path / "in"
    for name, value in [("good/1.png", 40), ("good/2.png", 60), ("hole/<script>.png", 200), ("hole/2.png", 90)]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((20, 40), 10, dtype=np.uint8)
        pixels[4:10, 5:20] = value
        Image.fromarray(pixels).save(source / name)
    (source / "hole/broken.png").write_text("no image")
    score_folder(fake_inferencer(), source, tmp_path / "out", RECORD)
    return tmp_path / "out"


def test_a_page_holds_what_was_scored(results):
    assert write_report(results) == len(page_of(results).encode())
    data = data_of(results)
    images = {image["path"]: image for image in data["images"]}
    assert data["record"]["files"] == RECORD["files"]
    assert {path: (image["raw_score"], image["gt_label"]) for path, image in images.items()} == {
        "good/1.png": (40, 0),
        "good/2.png": (60, 0),
        "hole/2.png": (90, 1),
        "hole/<script>.png": (200, 1),
        "hole/broken.png": (None, 1),
    }
    assert images["hole/<script>.png"]["regions"] == [[5, 4, 15, 6, 90, round(200 / 255, 6)]]
    assert images["hole/<script>.png"]["overlay"] == "overlays/hole/%3Cscript%3E.png"
    assert "cannot read" in images["hole/broken.png"]["error"]
    assert images["hole/broken.png"]["thumbnail"] == images["hole/broken.png"]["overlay"] == ""


def test_a_thumbnail_is_the_image_beside_its_overlay(results):
    write_report(results)
    encoded = {image["path"]: image["thumbnail"] for image in data_of(results)["images"]}["hole/<script>.png"]
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(encoded), dtype=np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (THUMBNAIL // 2, 2 * THUMBNAIL, 3)
    left, right = np.split(pixels.astype(int), 2, axis=1)
    assert abs(left[20, 30] - 200).max() < 10  # lossy
    assert np.ptp(left[20, 30]) < 10 < np.ptp(right[20, 30])  # grey, and coloured


def test_a_thumbnail_has_the_bit_depth_of_the_run(tmp_path, fake_inferencer):
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in/a.png"), np.full((20, 20), 4000, dtype=np.uint16))
    score_folder(fake_inferencer(), tmp_path / "in", tmp_path / "out", {**RECORD, "bit_depth": 12})
    write_report(tmp_path / "out")
    (image,) = data_of(tmp_path / "out")["images"]
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(image["thumbnail"]), dtype=np.uint8), cv2.IMREAD_COLOR)
    assert abs(int(pixels[20, 20, 0]) - 4000 / 4095 * 255) < 10  # lossy; without the depth it would be 16


def test_a_page_needs_neither_network_nor_the_images(results):
    shutil.rmtree(results.parent / "in")
    write_report(results)
    assert not re.search(r"https?://|src=\"(?!data:)|<link|@import|url\(", page_of(results))
    assert all(image["thumbnail"] for image in data_of(results)["images"] if not image["error"])


def test_images_without_labels_have_none(pictures, tmp_path, fake_inferencer):
    score_folder(fake_inferencer(), pictures, tmp_path / "out", RECORD)
    write_report(tmp_path / "out")
    assert {image["gt_label"] for image in data_of(tmp_path / "out")["images"]} == {None}


def test_a_page_keeps_the_folders_of_this_machine_to_itself(results):
    write_report(results)
    assert str(results.parent) not in page_of(results)
    assert data_of(results)["record"]["input"] == "in"


def test_the_folder_of_normal_images_can_be_named(results):
    write_report(results, "hole")
    labels = {image["path"]: image["gt_label"] for image in data_of(results)["images"]}
    assert (labels["hole/2.png"], labels["good/1.png"]) == (0, 1)


def test_a_folder_that_is_being_written_is_left_alone(results):
    with lock_folder(results), pytest.raises(BlockingIOError, match=f"another run is writing into {results}"):
        write_report(results)
    assert not (results / "report.html").exists()


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=rf"no run\.json in {tmp_path}; expected a folder of results"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []
