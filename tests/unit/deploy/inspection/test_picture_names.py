# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import os
from pathlib import PurePosixPath

from anomalib_scadn.deploy.inspection.picture_names import picture_names


def names_of(*images):
    found = picture_names(PurePosixPath(image) for image in images)
    return [str(found[PurePosixPath(image)]) for image in images]


def test_images_that_differ_in_extension_keep_it():
    images = ("a.png", "a.jpg", "a.jpg.png", "A.bmp", "b/a.png", "c.tif")
    names = names_of(*images)
    assert len({name.casefold() for name in names}) == len(images)
    assert names[1] == "a.jpg.png"
    assert names[4:] == ["b/a.png", "c.png"]


def test_names_that_differ_in_case_are_numbered():
    assert names_of("A.png", "a.png", "a.PNG") == ["A.png.png", "a.png-2.png", "a.PNG-3.png"]


def test_a_picture_is_not_called_like_a_folder():
    assert names_of("x.jpg", "X.png/y.jpg") == ["x-2.png", "X.png/y.png"]


def test_long_names_are_cut_and_stay_apart():
    names = names_of(f"{'ä' * 120}1.jpg", f"{'ä' * 120}2.jpg", f"{'b' * 250}.jpg")
    assert len(set(names)) == 3
    assert all(len(os.fsencode(name)) <= 126 for name in names)
    assert names[1] == f"{'ä' * 60}-2.png"
