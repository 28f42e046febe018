# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Images of every kind, and what is wrong with them."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from anomalib.data.utils import read_image
from PIL import Image

from anomalib_scadn.data.image_files import find_images
from anomalib_scadn.deploy.images import list_inputs, read_input, read_pixels

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
UNIT = PIXELS.astype(np.float32) / np.float32(255)


def write(path, image):
    image.save(path)
    return path


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "1", "CMYK", "LA"])
def test_files_are_read_as_the_host_reads_them(tmp_path, mode):
    suffix = ".tif" if mode == "CMYK" else ".png"
    path = write(tmp_path / f"image{suffix}", Image.fromarray(PIXELS).convert(mode))
    np.testing.assert_allclose(read_input(path), read_image(path), atol=1e-7)
    np.testing.assert_array_equal(read_input(str(path)), read_input(Image.open(path)))


def test_jpeg_is_read_as_the_host_reads_it(tmp_path):
    path = write(tmp_path / "image.jpg", Image.fromarray(PIXELS))
    np.testing.assert_allclose(read_input(path), read_image(path), atol=1e-7)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_of_16_bits_keeps_its_values(tmp_path, suffix):
    values = np.array([[0, 255, 256, 40000, 65535]], dtype=np.uint16)
    path = write(tmp_path / f"image.{suffix}", Image.fromarray(values))
    expected = np.repeat((values / 65535)[..., None], 3, axis=-1)
    np.testing.assert_allclose(read_input(path), expected, atol=1e-6)


@pytest.mark.parametrize(
    "image",
    [
        PIXELS,
        PIXELS.astype(np.uint16) * 257,
        UNIT,
        UNIT.astype(np.float64),
        Image.fromarray(PIXELS),
        torch.from_numpy(PIXELS).permute(2, 0, 1),
        torch.from_numpy(UNIT).permute(2, 0, 1),
        torch.from_numpy(UNIT).permute(2, 0, 1).requires_grad_(),
        np.asfortranarray(PIXELS),
    ],
    ids=["uint8", "uint16", "float32", "float64", "pil", "torch-uint8", "torch-float", "torch-grad", "fortran"],
)
def test_every_kind_gives_the_same_image(image):
    found = read_input(image)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, UNIT, atol=1e-6)


def test_half_precision_is_taken():
    image = torch.rand(3, 4, 4, dtype=torch.bfloat16)
    np.testing.assert_array_equal(read_input(image), image.float().permute(1, 2, 0).numpy())


def test_channels_in_reverse_order_are_turned_round_in_arrays_only(tmp_path):
    np.testing.assert_array_equal(read_input(PIXELS[..., ::-1], channel_order="bgr"), UNIT)
    np.testing.assert_array_equal(
        read_input(torch.from_numpy(UNIT[..., ::-1].copy()).permute(2, 0, 1), channel_order="bgr"), UNIT
    )
    path = write(tmp_path / "image.png", Image.fromarray(PIXELS))
    np.testing.assert_array_equal(read_input(path, channel_order="bgr"), UNIT)
    with pytest.raises(ValueError, match="'rgb' or 'bgr', got 'gbr'"):
        read_input(PIXELS, channel_order="gbr")


@pytest.mark.parametrize("grey", [PIXELS[..., 0], PIXELS[..., :1], torch.from_numpy(PIXELS[..., 0])[None]])
def test_grey_images_get_three_equal_channels(grey):
    np.testing.assert_array_equal(read_input(grey), np.repeat(UNIT[..., :1], 3, axis=-1))


def test_pixels_keep_their_type_and_are_not_copied():
    assert read_pixels(PIXELS) is PIXELS or np.shares_memory(read_pixels(PIXELS), PIXELS)
    assert read_pixels(PIXELS).dtype == np.uint8


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((0, 0, 3), np.uint8), "at least 1 x 1 pixel, got 0 x 0"),
        (np.zeros((0, 4), np.uint8), "at least 1 x 1 pixel, got 0 x 4"),
        (np.zeros((4, 4, 4), np.uint8), r"got \(4, 4, 4\)"),
        (np.zeros((4, 4, 2), np.uint8), r"got \(4, 4, 2\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"got \(1, 4, 4, 3\)"),
        (np.zeros(4, np.uint8), r"got \(4,\)"),
        (np.zeros((4, 4, 3), np.int64), "got int64"),
        (np.zeros((4, 4, 3), bool), "got bool"),
        (np.zeros((4, 4, 3), np.complex64), "got complex64"),
        (np.full((4, 4, 3), np.nan, np.float32), "finite values, got 48"),
        (np.full((4, 4, 3), np.inf), "finite values, got 48"),
        (np.full((4, 4, 3), 255.0), r"in \[0, 1\], got 255 to 255"),
        (np.full((4, 4, 3), -0.5), r"in \[0, 1\], got -0.5"),
        (torch.zeros(4, 4), r"shape \(1, H, W\) or \(3, H, W\), got \(4, 4\)"),
        (torch.zeros(4, 4, 4), r"got \(4, 4, 4\)"),
        (torch.zeros(4, 5, 3), r"shape \(1, H, W\) or \(3, H, W\), got \(4, 5, 3\)"),
        (Image.fromarray(np.full((2, 2), 70000, np.int32)), r"in \[0, 65535\], got 70000"),
    ],
)
def test_impossible_values_are_refused(image, message):
    with pytest.raises(ValueError, match=message):
        read_input(image)


def test_unknown_kinds_are_refused():
    with pytest.raises(TypeError, match="got list"):
        read_input([[0, 1]])


def text_file(path):
    path.write_text("not an image")


def empty_file(path):
    path.touch()


def truncated_jpeg(path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def truncated_png(path):
    Image.fromarray(PIXELS).save(path, "PNG")
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize("damage", [text_file, empty_file, truncated_jpeg, truncated_png])
def test_damaged_files_are_refused_by_name(tmp_path, damage):
    path = tmp_path / "damaged.png"
    damage(path)
    with pytest.raises(ValueError, match=r"cannot read .*damaged\.png: expected an image file"):
        read_input(path)


def test_missing_files_are_missed_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such image: .*missing\.png"):
        read_input(tmp_path / "missing.png")
    with pytest.raises(ValueError, match=f"{tmp_path} is a folder, expected an image; predict_many takes folders"):
        read_input(tmp_path)


def test_images_of_a_folder_are_naturally_sorted_and_visible(tmp_path):
    for name in ("b/2.png", "b/10.PNG", "a.jpg", ".hidden.png", ".dir/x.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path)]
    assert names == ["a.jpg", "b/2.png", "b/10.PNG"]


def test_lists_and_files_are_taken_as_they_are(tmp_path):
    (tmp_path / "a.jpg").touch()
    assert list_inputs(str(tmp_path / "a.jpg")) == list_inputs(tmp_path) == [tmp_path / "a.jpg"]
    assert list_inputs([1, "x"]) == [1, "x"]
    assert next(iter(list_inputs(itertools.count()))) == 0


@pytest.mark.parametrize("image", [PIXELS, PIXELS[..., 0], torch.from_numpy(UNIT), Image.fromarray(PIXELS)])
def test_one_image_is_not_taken_for_several(image):
    (alone,) = list_inputs(image)
    assert alone is image


def test_a_stack_of_images_is_several():
    assert len(list_inputs(np.stack([PIXELS, PIXELS]))) == 2


def test_folders_without_images_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no image"):
        find_images(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder or image"):
        list_inputs(Path(tmp_path / "missing"))
