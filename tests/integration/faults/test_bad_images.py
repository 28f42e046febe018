# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Images that are none, in folders to score and to cut and as arrays: an error that names the file, never a crash."""

import csv
import io
import struct

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from anomalib_scadn.data.cropping import crop_folder
from anomalib_scadn.deploy import InferenceResult
from anomalib_scadn.deploy.images import read_input
from anomalib_scadn.deploy.inspection.folder import score_folder

NOISE = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
FORMATS = {"png": "PNG", "jpg": "JPEG", "bmp": "BMP", "tif": "TIFF"}


def read(path):
    """Read an image; gives its pixels, or the error."""
    try:
        return read_input(path)
    except ValueError as error:
        return str(error)


def encode(suffix, pixels=NOISE):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format=FORMATS[suffix])
    return content.getvalue()


def png_of(width, height):
    """Make a PNG file that claims a size."""
    whole = encode("png")
    return whole[:16] + struct.pack(">II", width, height) + whole[24:]


BROKEN = {
    **{f"empty.{suffix}": b"" for suffix in FORMATS},
    **{f"zero.{suffix}": bytes(512) for suffix in FORMATS},
    **{f"text.{suffix}": b"no image\n" for suffix in FORMATS},
    **{f"header.{suffix}": encode(suffix)[:20] for suffix in FORMATS},
    **{f"half.{suffix}": encode(suffix)[: len(encode(suffix)) // 2] for suffix in FORMATS},
    "script.png": b"#!/bin/sh\ntouch ran\n",
    "pickle.png": b"cos\nsystem\n(S'touch ran'\ntR.",
    "wide.png": png_of(0, 24),
    "flat.png": png_of(20, 0),
    "claims.png": png_of(2**31 - 1, 2**31 - 1),
    "bomb.png": png_of(60_000, 60_000),
    "data.png": encode("png").replace(b"IDAT", b"IDAX"),
    "nan.tif": None,
    "infinite.tif": None,
    "bright.tif": None,
    "negative.tif": None,
}
FLOATS = {"nan.tif": np.nan, "infinite.tif": np.inf, "bright.tif": 1.5, "negative.tif": -0.5}


def write(path):
    """Write one of the broken files."""
    if path.name in FLOATS:
        pixels = np.full((24, 20), 0.5, dtype=np.float32)
        pixels[3, 4] = FLOATS[path.name]
        Image.fromarray(pixels).save(path)
    else:
        path.write_bytes(BROKEN[path.name])
    return path


class Reader:
    """An inferencer that only reads."""

    tile = ignored = bit_depth = None
    batch_size = 1

    def __init__(self, before=lambda _: None):
        self.before = before

    def predict_many(self, images):
        for image in images:
            self.before(image)
            try:
                found = read_input(image)[..., 0]
            except Exception as error:
                yield image, error
            else:
                score = float(found.max())
                yield image, InferenceResult(score, score, score > 0.5, found, found, found > 0.5, None, 0)


def rows(output):
    with (output / "scores.csv").open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_by_name_in_one_line(tmp_path, name):
    with pytest.raises(ValueError, match=r"must|cannot") as caught:
        read_input(write(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_files_are_rows_with_their_error_and_the_rest_is_scored(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in BROKEN:
        write(folder / name)
    (folder / "whole.png").write_bytes(encode("png"))
    assert score_folder(Reader(), folder, tmp_path / "out", {}) == len(BROKEN)
    found = rows(tmp_path / "out")
    assert {name for name, row in found.items() if not row["error"]} == {"whole.png"}
    assert all(name in row["error"] for name, row in found.items() if name in BROKEN)
    assert [path.name for path in (tmp_path / "out/overlays").iterdir()] == ["whole.png"]
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("name", BROKEN)
def test_nothing_is_cut_if_one_file_is_broken(tmp_path, name):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1.png").write_bytes(encode("png"))
    write(folder / name)
    with pytest.raises((OSError, ValueError), match=rf"(?s){name}"):
        crop_folder(folder, tmp_path / "out", size=8)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("suffix", FORMATS)
@given(data=st.data())
def test_any_bytes_are_an_image_or_an_error_with_the_name(tmp_path_factory, suffix, data):
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    whole = bytearray(encode(suffix))
    places = data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=8))
    for place in places:
        whole[place] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]) if data.draw(st.booleans()) else whole)
    found = read(path)
    if isinstance(found, str):
        assert str(path) in found
    else:
        assert (found.dtype, found.ndim, found.shape[2]) == (np.float32, 3, 3)
        assert 0 <= found.min() <= found.max() <= 1


KINDS = [np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, np.float16, np.float32, np.float64]
KINDS += [np.complex64, np.dtype("S3"), np.dtype("U2"), np.dtype(object), np.dtype("M8[s]")]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(
    "shape", [(), (4,), (4, 5), (4, 5, 1), (4, 5, 2), (4, 5, 3), (4, 5, 4), (0, 5), (0, 0, 3), (1, 4, 5, 3)]
)
def test_an_array_is_an_image_only_with_the_right_kind_and_shape(kind, shape):
    image = np.zeros(shape, dtype=kind)
    right_shape = len(shape) in (2, 3) and 0 not in shape and shape[2:] in ((), (1,), (3,))
    right_kind = np.issubdtype(image.dtype, np.floating) or image.dtype in (np.uint8, np.uint16)
    if right_shape and right_kind:
        assert read_input(image).shape == (4, 5, 3)
        return
    with pytest.raises((TypeError, ValueError), match="array must") as caught:
        read_input(image)
    assert str(shape) in str(caught.value) or str(image.dtype) in str(caught.value) or "pixel" in str(caught.value)


@given(image=arrays(st.sampled_from([np.float16, np.float32, np.float64]), array_shapes(min_dims=2, max_dims=2)))
def test_floats_are_an_image_only_within_the_range(image):
    if np.isfinite(image).all() and image.min() >= 0 and image.max() <= 1:
        np.testing.assert_array_equal(read_input(image)[..., 0], image.astype(np.float32))
    else:
        with pytest.raises(ValueError, match=r"finite|to"):
            read_input(image)


@pytest.mark.parametrize(
    "image",
    [
        *(None, 1, 1.5, b"bytes", ["a.png"], {}, object(), range(3)),
        *(torch.zeros(4, 5), torch.zeros(2, 4, 5), torch.zeros(3, 0, 5), torch.full((3, 4, 5), torch.nan)),
        *(torch.zeros(3, 4, 5, dtype=torch.int64), torch.ones(3, 4, 5) * 2),
    ],
    ids=lambda image: f"{type(image).__name__}{list(getattr(image, 'shape', []))}",
)
def test_what_is_no_image_is_refused(image):
    with pytest.raises((TypeError, ValueError), match="must"):
        read_input(image)
