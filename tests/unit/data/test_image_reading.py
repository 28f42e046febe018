# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Files of every depth, with several pages, and too large ones."""

import cv2
import numpy as np
import pytest
from PIL import Image

from anomalib_scadn.data.image_reading import read_file
from anomalib_scadn.data.lacead_dataset import _read_size
from anomalib_scadn.data.mask_reading import read_mask

SENSOR = np.array([[0, 1, 2047, 2048, 4095]], dtype=np.uint16)
"""Values of 12 bits."""


def write(path, values):
    """Write grey values or, from blue, green and red, colours of any depth."""
    cv2.imwrite(str(path), values)
    return path


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_values_of_12_bits_are_brought_to_full_scale(tmp_path, extension):
    path = write(tmp_path / f"a.{extension}", SENSOR)
    expected = np.rint(SENSOR.astype(float) / 4095 * 65535)
    np.testing.assert_array_equal(read_file(path, bit_depth=12)[..., 0], expected)
    np.testing.assert_array_equal(read_file(path, bit_depth=16)[..., 0], SENSOR)


@pytest.mark.parametrize("extension", ["png", "tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_colours_of_16_bits_keep_them(tmp_path, extension, channels):
    values = np.random.default_rng(0).integers(0, 65536, (5, 7, channels), dtype=np.uint16)
    found = read_file(write(tmp_path / f"a.{extension}", values))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, values[..., 2::-1])


def test_colours_of_12_bits_are_brought_to_full_scale(tmp_path):
    path = write(tmp_path / "a.png", np.full((2, 2, 3), 4095, dtype=np.uint16))
    assert (read_file(path, bit_depth=12) == 65535).all()


def test_the_bit_depth_is_that_of_16_bit_files_alone(tmp_path):
    path = write(tmp_path / "a.png", np.full((2, 2, 3), 255, dtype=np.uint8))
    assert (read_file(path, bit_depth=12) == 255).all()


def test_values_above_the_bit_depth_are_refused(tmp_path):
    path = write(tmp_path / "a.png", SENSOR)
    with pytest.raises(ValueError, match=f"{path} must hold values of 10 bits, 0 to 1023, found 4095"):
        read_file(path, bit_depth=10)


@pytest.mark.parametrize(("highest", "bits"), [(200, 8), (1023, 10), (4095, 12), (4096, 14), (16383, 14)])
def test_values_of_fewer_bits_are_pointed_out_once(tmp_path, caplog, highest, bits):
    for name in ("a.png", "b.png"):
        read_file(write(tmp_path / name, np.full((2, 2), highest, dtype=np.uint16)))
    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path / 'a.png'} has 16-bit values up to {highest} only")
    assert f"bit_depth={bits} (score --bit_depth {bits}, LaceAD --data.bit_depth {bits})" in message


@pytest.mark.parametrize(
    "values", [np.full((2, 2), 16384, np.uint16), np.zeros((2, 2), np.uint16), np.zeros((2, 2), np.uint8)]
)
def test_nothing_is_said_of_other_values(tmp_path, caplog, values):
    read_file(write(tmp_path / "a.png", values))
    assert not caplog.messages


@pytest.mark.parametrize("extension", ["tif", "gif", "webp", "png"])
@pytest.mark.parametrize("read", [read_file, read_mask, _read_size])
def test_several_pages_are_refused_with_their_number(tmp_path, extension, read):
    pages = [Image.new("L", (4, 4), value) for value in (0, 100, 200)]
    path = tmp_path / f"a.{extension}"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match=f"cannot read {path}: expected one image, found 3 pages; save each"):
        read(path)


def test_the_preview_in_a_cameras_jpeg_is_no_page(tmp_path):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8), (200,) * 3).save(path, "MPO", save_all=True, append_images=[Image.new("RGB", (4, 4))])
    assert read_file(path).shape == (8, 8, 3)


@pytest.mark.parametrize("read", [read_file, read_mask, _read_size])
def test_a_too_large_image_is_told_with_its_size_and_a_remedy(tmp_path, monkeypatch, read):
    path = write(tmp_path / "a.png", np.zeros((10, 10), dtype=np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 49)
    with pytest.raises(
        ValueError, match=rf"cannot read {path}: Image size \(100 pixels\).*PIL\.Image\.MAX_IMAGE_PIXELS"
    ):
        read(path)
