# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Images in folders, in whatever case, behind links, and what is left out."""

import pytest

from anomalib_scadn.data.image_files import (
    IMAGE_EXTENSIONS,
    find_folder,
    find_images,
    list_images,
    warn_of_left_out,
)


def names(folder):
    return [path.relative_to(folder).as_posix() for path in list_images(folder, recursive=True)]


@pytest.mark.parametrize("extension", [*IMAGE_EXTENSIONS, ".PNG", ".Jpeg"])
def test_images_are_found_in_any_case_of_their_extension(tmp_path, extension):
    path = tmp_path / f"a{extension}"
    path.touch()
    assert list_images(tmp_path) == find_images(tmp_path) == [path]


def test_folders_behind_links_are_followed_and_circles_end(tmp_path, save, caplog):
    save("elsewhere/1.png")
    save("elsewhere/deeper/2.png")
    save("in/0.png")
    (tmp_path / "in/linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "in/nowhere.png").symlink_to(tmp_path / "missing.png")
    assert names(tmp_path / "in") == ["0.png", "linked/1.png", "linked/deeper/2.png"]
    find_images(tmp_path / "in")
    (message,) = caplog.messages
    assert message == f"left out: {tmp_path / 'in/linked/back'} and 1 more; the link leads back to a folder above it"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.psd", f"images and masks end in {', '.join(IMAGE_EXTENSIONS)}"),
        ("a.png", "no image or mask is expected there"),
    ],
)
def test_the_reason_is_told_with_the_file(tmp_path, caplog, name, reason):
    (tmp_path / name).touch()
    warn_of_left_out([tmp_path, tmp_path / "missing"], [])
    assert caplog.messages == [f"left out: {tmp_path / name}; {reason}"]


def test_a_link_that_leads_nowhere_is_told(tmp_path, caplog):
    (tmp_path / "a.png").symlink_to(tmp_path / "b.png")
    warn_of_left_out([tmp_path], [])
    assert caplog.messages == [f"left out: {tmp_path / 'a.png'}; the link leads nowhere"]


def test_nothing_is_said_of_hidden_files_and_of_what_is_used(tmp_path, save, caplog):
    save("a.png")
    (tmp_path / ".b.psd").touch()
    find_images(tmp_path)
    assert not caplog.messages


def test_a_folder_is_found_by_its_name_in_any_case(tmp_path):
    assert find_folder(tmp_path, "train") == tmp_path / "train"
    (tmp_path / "TRAIN").mkdir()
    assert find_folder(tmp_path, "train") == tmp_path / "TRAIN"
    (tmp_path / "Train").mkdir(exist_ok=True)
    if len(list(tmp_path.iterdir())) == 2:  # not where the file system knows no case
        with pytest.raises(ValueError, match=f"{tmp_path} must hold folders that differ in more than case, found "):
            find_folder(tmp_path, "train")
