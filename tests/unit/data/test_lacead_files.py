# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomalib_scadn.data.image_files import list_images, natural_key
from anomalib_scadn.data.lacead_files import find_pattern, find_test_images, find_train_images, match_masks


def match(pattern):
    return match_masks(pattern, find_test_images(pattern))


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_natural_order_is_numeric_order(numbers):
    names = [f"lace {number} b" for number in numbers]
    assert sorted(names, key=natural_key) == [f"lace {number} b" for number in sorted(numbers)]


@given(st.lists(st.text(alphabet="a.01٣²", max_size=5)))
def test_natural_order_of_any_names_keeps_them_all(names):
    assert sorted(sorted(names, key=natural_key)) == sorted(names)


def test_hidden_files_folders_and_other_files_are_ignored(lace_root, save):
    save("2/train/good/._0.png")
    save("2/train/.ipynb_checkpoints/0.png")
    save("2/test/torn/deeper/0.png")
    (lace_root / "2/train/good/notes.txt").write_text("no image")
    (lace_root / "2/train/good/folder.png").mkdir()
    assert len(find_train_images(lace_root / "2")) == 4
    assert len(find_test_images(lace_root / "2")["torn"]) == 3


def test_folders_are_found_in_any_case(lace_root):
    pattern = lace_root / "2"
    for old, new in {
        "train/good": "train/Good",
        "train": "Train",
        "test/good": "test/GOOD",
        "test": "TEST",
        "ground_truth": "Ground_Truth",
    }.items():
        (pattern / old).rename(pattern / new)
    assert len(find_train_images(pattern)) == 4
    assert {label: len(found) for label, found in find_test_images(pattern).items()} == {"good": 2, "torn": 3}
    assert len(match(pattern)) == 3


def test_two_folders_that_differ_in_case_only_are_refused(lace_root, save):
    save("2/test/Torn/7.png")
    if len(list((lace_root / "2/test").iterdir())) == 2:
        pytest.skip("the file system knows no case")
    with pytest.raises(
        ValueError, match=r"2/test must hold folders that differ in more than case, found [Tt]orn, [Tt]orn"
    ):
        find_test_images(lace_root / "2")


def test_missing_root_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"root not found: .*nowhere; expected a folder"):
        find_pattern(tmp_path / "nowhere", "1")


def test_root_without_patterns_is_named(tmp_path):
    (tmp_path / ".hidden").mkdir()
    with pytest.raises(FileNotFoundError, match=f"no pattern in {tmp_path}: expected sub-folders"):
        find_pattern(tmp_path, "1")


@pytest.mark.parametrize("pattern", ["1", "", "..", "2/train", "."])
def test_unknown_pattern_lists_the_known_ones_in_natural_order(lace_root, pattern):
    with pytest.raises(ValueError, match=r"unknown pattern .* in .*: expected one of 2, 10$"):
        find_pattern(lace_root, pattern)


def test_pattern_without_train_good_is_refused(lace_root):
    (lace_root / "2/train/good").rename(lace_root / "2/train_good")
    with pytest.raises(FileNotFoundError, match=r"pattern '2': expected the folder .*2/train/good, found none"):
        find_train_images(lace_root / "2")


def test_empty_train_good_is_refused(lace_root):
    for path in list_images(lace_root / "2/train/good"):
        path.unlink()
    with pytest.raises(
        FileNotFoundError, match=r"no training images in .*2/train/good: expected at least one of \.png"
    ):
        find_train_images(lace_root / "2")


@pytest.mark.parametrize("stray", ["torn/7.png", "7.png"])
def test_training_image_outside_good_is_refused(lace_root, save, stray):
    path = save(f"2/train/{stray}")
    with pytest.raises(ValueError, match=f"must be normal and lie in .*2/train/good, found {path}"):
        find_train_images(lace_root / "2")


def test_test_image_without_class_is_refused(lace_root, save):
    path = save("2/test/7.png")
    with pytest.raises(ValueError, match=f"must lie in .*, found {path}"):
        find_test_images(lace_root / "2")


def test_pattern_without_test_images_is_refused(lace_root):
    (lace_root / "2/test").rename(lace_root / "2/elsewhere")
    with pytest.raises(
        FileNotFoundError, match=r"no test images for pattern '2': expected .*2/test/good or .*found none"
    ):
        find_test_images(lace_root / "2")


@pytest.mark.parametrize("mask", ["9.png", "9_mask.png", "9_mask.bmp"])
def test_mask_belongs_to_the_image_of_its_name(lace_root, save, save_mask, mask):
    image = save("2/test/torn/9.tif")
    path = save_mask(f"2/ground_truth/torn/{mask}")
    assert match(lace_root / "2")[image] == path


def test_image_whose_name_ends_in_mask_keeps_its_own_mask(lace_root, save, save_mask):
    image = save("2/test/torn/9_mask.png")
    path = save_mask("2/ground_truth/torn/9_mask_mask.png")
    assert match(lace_root / "2")[image] == path


def test_pattern_without_masks_matches_none(lace_root):
    (lace_root / "2/ground_truth").rename(lace_root / "2/elsewhere")
    assert match(lace_root / "2") == {}


def test_masks_of_good_images_are_ignored(lace_root, save_mask):
    save_mask("2/ground_truth/good/0_mask.png")
    assert len(match(lace_root / "2")) == 3


@pytest.mark.parametrize("mask", ["torn/9_mask.png", "burnt/0_mask.png", "0_mask.png"])
def test_mask_without_its_image_is_refused(lace_root, save_mask, mask):
    path = save_mask(f"2/ground_truth/{mask}")
    with pytest.raises(ValueError, match=f"mask {path} must belong to one image, expected .*, found none"):
        match(lace_root / "2")


def test_anomalous_image_without_mask_among_masked_ones_is_refused(lace_root, save):
    path = save("2/test/burnt/7.png")
    with pytest.raises(ValueError, match=f"without a mask: {path}, expected e.g. .*burnt/7_mask.png.*3 .* 1 have none"):
        match(lace_root / "2")


def test_mask_that_fits_two_images_is_refused(lace_root, save):
    save("2/test/torn/0.bmp")
    with pytest.raises(ValueError, match=r"mask .*0_mask.png must belong to one image, expected .*, found .*, .*"):
        match(lace_root / "2")


def test_two_images_of_one_name_are_fine_without_masks(lace_root, save):
    save("2/test/good/0.bmp")
    assert len(match(lace_root / "2")) == 3


def test_two_masks_for_one_image_are_refused(lace_root, save_mask):
    save_mask("2/ground_truth/torn/0.png")
    with pytest.raises(ValueError, match=r"torn/0.jpg must have one mask, found .*0.* and .*0"):
        match(lace_root / "2")
