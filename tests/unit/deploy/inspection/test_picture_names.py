# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import os
import re
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


def test_names_that_differ_in_case_are_extended():
    names = names_of("A.png", "a.png", "a.PNG")
    assert names[0] == "A.png.png"
    assert len({name.casefold() for name in names}) == 3


def test_a_picture_is_not_called_like_a_folder():
    extended, plain = names_of("x.jpg", "X.png/y.jpg")
    assert re.fullmatch(r"x-[0-9a-f]{8}\.png", extended)
    assert plain == "X.png/y.png"


def test_long_names_are_cut_stay_apart_and_do_not_change():
    images = [f"{'ä' * 110}{number}.jpg" for number in range(3)]
    names = names_of(*images)
    assert len(set(names)) == 3
    assert all(len(os.fsencode(name)) <= 143 for name in names)
    assert names_of(*images[1:]) == names[1:]
