# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import errno

import cv2
import numpy as np
import pytest
from PIL import Image

from anomalib_scadn import LaceAD
from anomalib_scadn.data.cropping import CropCounts, crop_folder


@pytest.fixture
def camera(tmp_path):
    """Maker of camera images of 20 x 26 pixels whose values differ everywhere, and of masks with marked pixels."""

    def make(path, *, size=(20, 26), mode="RGB", marked=None):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if marked is None:
            seed = sum(map(ord, path))
            shape = (*size, 3) if mode == "RGB" else size
            pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        else:
            pixels = np.zeros(size, dtype=np.uint8)
            for y, x in marked:
                pixels[y, x] = 1
        Image.fromarray(pixels).save(target)
        return pixels

    return make


def pixels_of(path):
    with Image.open(path) as file:
        return np.asarray(file)


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def items_of(output):
    data = LaceAD(root=output.parent, category=output.name, num_workers=0)
    data.setup()
    return data


def test_a_plain_folder_becomes_training_images(tmp_path, camera):
    picture = camera("in/a.png")
    counts = crop_folder(tmp_path / "in", tmp_path / "out", 8)
    assert counts == CropCounts(images=1, train_good=6)
    assert counts.patches == 6
    corners = [(y, x) for y in (0, 8) for x in (0, 8, 16)]
    assert files_of(tmp_path / "out") == [f"train/good/a_y{y:05d}_x{x:05d}.png" for y, x in corners]
    for y, x in corners:
        patch = pixels_of(tmp_path / f"out/train/good/a_y{y:05d}_x{x:05d}.png")
        np.testing.assert_array_equal(patch, picture[y : y + 8, x : x + 8])


def test_the_rest_is_covered_on_request(tmp_path, camera):
    picture = camera("in/a.png")
    assert crop_folder(tmp_path / "in", tmp_path / "out", 8, remainder="shift").train_good == 12
    last = pixels_of(tmp_path / "out/train/good/a_y00012_x00018.png")
    np.testing.assert_array_equal(last, picture[-8:, -8:])


def test_an_exact_fit_leaves_no_rest(tmp_path, camera):
    camera("in/a.png", size=(16, 24))
    assert crop_folder(tmp_path / "in", tmp_path / "drop", 8).patches == 6
    assert crop_folder(tmp_path / "in", tmp_path / "shift", 8, remainder="shift").patches == 6


@pytest.mark.parametrize("suffix", [".png", "_mask.png", "_mask.bmp"])
def test_masks_are_cut_along_and_decide(tmp_path, camera, suffix):
    for name in ("a.jpg", "sub/b.png", "clean.png", "unmasked.png"):
        camera(f"in/{name}")
    camera(f"masks/a{suffix}", marked=[(1, 2), (9, 17)])
    camera(f"masks/sub/b{suffix}", marked=[(3, 3)])
    camera(f"masks/clean{suffix}", marked=[])
    counts = crop_folder(tmp_path / "in", tmp_path / "out", 8, tmp_path / "masks")
    assert counts == CropCounts(images=4, masks=3, train_good=12, test_good=9, defects={"defect": 3})
    found = files_of(tmp_path / "out/test/defect")
    assert found == ["a_y00000_x00000.png", "a_y00008_x00016.png", "sub_b_y00000_x00000.png"]
    assert files_of(tmp_path / "out/ground_truth") == [f"defect/{name[:-4]}_mask.png" for name in found]
    assert np.argwhere(pixels_of(tmp_path / "out/ground_truth/defect/a_y00008_x00016_mask.png")).tolist() == [[1, 1]]
    data = items_of(tmp_path / "out")
    assert (len(data.train_data), len(data.test_data)) == (12, 12)
    assert sorted(int(item.gt_mask.sum()) for item in data.test_data) == [0] * 9 + [1] * 3


def test_few_marked_pixels_may_pass(tmp_path, camera):
    camera("in/a.png")
    camera("masks/a.png", marked=[(0, 0), (8, 0), (8, 1)])
    counts = crop_folder(
        tmp_path / "in", tmp_path / "out", 8, tmp_path / "masks", min_anomalous_pixels=2, defect="hole"
    )
    assert counts == CropCounts(images=1, masks=1, test_good=5, defects={"hole": 1})
    assert files_of(tmp_path / "out/test/hole") == ["a_y00008_x00000.png"]


def lacead(camera, truth="ground_truth"):
    for name in ("train/good/0.png", "train/good/1.png", "test/good/0.png", "test/torn/0.png", "test/oil/0.png"):
        camera(f"in/{name}")
    camera(f"{truth}/torn/0_mask.png", marked=[(0, 0)])
    camera(f"{truth}/oil/0.png", marked=[(8, 8), (15, 15)])


def test_the_layout_of_lacead_is_kept(tmp_path, camera):
    lacead(camera, "in/ground_truth")
    counts = crop_folder(tmp_path / "in", tmp_path / "out", 8)
    assert counts == CropCounts(images=5, masks=2, train_good=12, test_good=16, defects={"oil": 1, "torn": 1})
    assert "torn_0_y00000_x00008.png" in files_of(tmp_path / "out/test/good")
    assert files_of(tmp_path / "out/test/torn") == ["0_y00000_x00000.png"]
    data = items_of(tmp_path / "out")
    assert data.test_data.samples.attrs["task"] == "segmentation"
    assert sum(int(item.gt_mask.sum()) for item in data.test_data) == 3


def test_masks_may_lie_elsewhere(tmp_path, camera):
    lacead(camera, "elsewhere")
    camera("elsewhere/good/0.png", marked=[(0, 0)])
    counts = crop_folder(tmp_path / "in", tmp_path / "out", 8, tmp_path / "elsewhere")
    assert counts == CropCounts(images=5, masks=2, train_good=12, test_good=16, defects={"oil": 1, "torn": 1})


def test_anomalous_images_without_any_mask_stay_anomalous(tmp_path, camera):
    lacead(camera, "elsewhere")
    counts = crop_folder(tmp_path / "in", tmp_path / "out", 8)
    assert counts == CropCounts(images=5, train_good=12, test_good=6, defects={"oil": 6, "torn": 6})
    assert items_of(tmp_path / "out").test_data.samples.attrs["task"] == "classification"


def test_anomalous_images_with_an_empty_mask_stay_anomalous(tmp_path, camera):
    lacead(camera, "in/ground_truth")
    camera("in/ground_truth/torn/0_mask.png", marked=[])
    counts = crop_folder(tmp_path / "in", tmp_path / "out", 8)
    assert counts.defects == {"oil": 1, "torn": 6}
    assert len(items_of(tmp_path / "out").test_data) == 18


def test_a_layout_without_test_images_is_cut(tmp_path, camera):
    camera("in/train/good/0.png")
    assert crop_folder(tmp_path / "in", tmp_path / "out", 8) == CropCounts(images=1, train_good=6)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [("L", 7, "L"), ("1", 1, "L"), ("P", 3, "RGB"), ("CMYK", 0, "RGB"), ("RGBA", 0, "RGBA")],
)
def test_pixels_are_kept(tmp_path, mode, value, expected):
    (tmp_path / "in").mkdir()
    image = Image.new(mode, (8, 8), value)
    image.save(tmp_path / "in/a.tif")
    crop_folder(tmp_path / "in", tmp_path / "out", 8)
    with Image.open(tmp_path / "out/train/good/a_y00000_x00000.png") as patch:
        assert patch.mode == expected
        if expected == "L":
            assert patch.getextrema() == ((255, 255) if mode == "1" else (value, value))


def test_what_was_meant_for_the_whole_image_is_dropped(tmp_path):
    (tmp_path / "in").mkdir()
    image = Image.new("RGB", (8, 16))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "in/a.jpg", exif=exif, dpi=(300, 300))
    crop_folder(tmp_path / "in", tmp_path / "out", 8)
    with Image.open(tmp_path / "out/train/good/a_y00008_x00000.png") as patch:
        assert not patch.getexif()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_any_colour_in_a_mask_is_anomalous(tmp_path, camera, mode):
    camera("in/a.png")
    (tmp_path / "masks").mkdir()
    mask = Image.new("RGBA", (26, 20), (0, 0, 0, 255))
    mask.putpixel((2, 3), (255 if mode == "P" else 1, 0, 0, 255))
    mask.convert("RGB").convert(mode).save(tmp_path / "masks/a.png")
    assert crop_folder(tmp_path / "in", tmp_path / "out", 8, tmp_path / "masks").defects == {"defect": 1}


def test_masks_inside_the_input_are_no_images(tmp_path, camera):
    camera("in/a.png")
    camera("in/masks/a.png", marked=[(0, 0)])
    counts = crop_folder(tmp_path / "in", tmp_path / "out", 8, tmp_path / "in/masks")
    assert counts == CropCounts(images=1, masks=1, test_good=5, defects={"defect": 1})


def test_an_output_is_never_overwritten(tmp_path, camera):
    camera("in/a.png")
    (tmp_path / "out").mkdir()
    crop_folder(tmp_path / "in", tmp_path / "out", 8)
    before = files_of(tmp_path / "out")
    with pytest.raises(
        FileExistsError, match=f"output {tmp_path / 'out'} is there already, expected a missing or empty"
    ):
        crop_folder(tmp_path / "in", tmp_path / "out", 10)
    assert files_of(tmp_path / "out") == before
    with pytest.raises(ValueError, match="must not lie in the input"):
        crop_folder(tmp_path / "in", tmp_path / "in/out", 8)


def deep_colour(path):
    cv2.imwrite(str(path), np.full((9, 9, 3), 40000, dtype=np.uint16))


def broken_jpeg(path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 26, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:400])


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda root: (root / "in/b.png").write_text("no image"), "cannot read .*b.png: expected an image file"),
        (lambda root: broken_jpeg(root / "in/b.jpg"), "cannot read .*b.jpg: expected an image file"),
        (lambda root: Image.new("L", (26, 7)).save(root / "in/b.png"), r"b.png must be .* 8 x 8, found 26 x 7"),
        (
            lambda root: Image.new("F", (9, 9), 0.5).save(root / "in/b.tif"),
            "cannot cut .*b.tif: .* found mode F; convert",
        ),
        (lambda root: Image.new("I;16", (9, 9)).save(root / "in/b.png"), "cannot cut .*b.png: .* found mode I;16"),
        (lambda root: deep_colour(root / "in/b.png"), "cannot cut .*b.png: expected 8 bits .*found layout RGB;16B"),
        (lambda root: deep_colour(root / "in/b.tif"), "cannot cut .*b.tif: expected 8 bits .*found layout RGB;16"),
        (lambda root: (root / "masks/a.png").write_bytes(b"II*\0\xff\xff\xff\xff"), "cannot read .*masks/a.png"),
        (lambda root: Image.new("L", (9, 9)).save(root / "in/a.bmp"), "mask .*a.png must belong to one image.*a.bmp"),
        (lambda root: Image.new("L", (9, 9)).save(root / "masks/a.png"), r"a.png \(26 x 20\), found 9 x 9"),
        (lambda root: (root / "masks/a.png").write_text("no mask"), "cannot read .*masks/a.png"),
        (lambda root: Image.new("L", (9, 9)).save(root / "masks/z.png"), "mask .*z.png must belong .*found none"),
        (lambda root: Image.new("L", (9, 9)).save(root / "masks/a_mask.png"), "a.png must have one mask, found"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_left(tmp_path, camera, break_it, message):
    camera("in/a.png")
    camera("masks/a.png", marked=[(0, 0)])
    break_it(tmp_path)
    with pytest.raises(ValueError, match=message):
        crop_folder(tmp_path / "in", tmp_path / "out", 8, tmp_path / "masks")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "masks"]


def test_masks_that_fit_no_anomalous_image_are_missed(tmp_path, camera):
    lacead(camera, "elsewhere/deeper")
    with pytest.raises(FileNotFoundError, match=r"elsewhere holds no mask of an image in .*in/test, expected"):
        crop_folder(tmp_path / "in", tmp_path / "out", 8, tmp_path / "elsewhere")


def test_patches_of_the_same_name_are_refused(tmp_path, camera):
    camera("in/sub/a.png")
    camera("in/sub_a.png")
    with pytest.raises(ValueError, match=r"patches of .*a\.png and of another image would both be sub_a_y00000_x00000"):
        crop_folder(tmp_path / "in", tmp_path / "out", 8)
    assert not (tmp_path / "out").exists()


def test_some_masks_are_not_enough_for_the_layout(tmp_path, camera):
    lacead(camera, "elsewhere")
    (tmp_path / "elsewhere/oil/0.png").unlink()
    with pytest.raises(
        ValueError, match=r"anomalous image without a mask: .*test/oil/0\.png, expected e\.g\. .*elsewhere/oil/0_mask"
    ):
        crop_folder(tmp_path / "in", tmp_path / "out", 8, tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size must be a whole number, at least 1, got 0"),
        ({"min_anomalous_pixels": 0}, "min_anomalous_pixels must be a whole number, at least 1, got 0"),
        ({"remainder": "pad"}, "remainder must be one of drop, shift, got 'pad'"),
        ({"defect": "good"}, "defect must be the name of a folder other than 'good', got 'good'"),
        ({"defect": "Good"}, "defect must be the name of a folder other than 'good', got 'Good'"),
        ({"defect": "a/b"}, "got 'a/b'"),
    ],
)
def test_arguments_are_checked(tmp_path, camera, arguments, message):
    camera("in/a.png")
    with pytest.raises(ValueError, match=message):
        crop_folder(tmp_path / "in", tmp_path / "out", **arguments)


def test_missing_folders_and_images_are_errors(tmp_path, camera):
    camera("in/a.png")
    (tmp_path / "empty").mkdir()
    for folder, masks, message in [
        ("nowhere", None, "folder of images not found: .*nowhere"),
        ("in", tmp_path / "nowhere", "folder of masks not found: .*nowhere"),
        ("empty", None, "empty holds no image"),
        ("in", tmp_path / "empty", "empty holds no image"),
        ("in", tmp_path / "in", "in holds no image outside of .*in; masks must lie in a folder of their own"),
    ]:
        with pytest.raises(FileNotFoundError, match=message):
            crop_folder(tmp_path / folder, tmp_path / "out", 8, masks)


def test_progress_is_shown_on_request(tmp_path, camera, capsys):
    camera("in/a.png")
    crop_folder(tmp_path / "in", tmp_path / "out", 8, progress=True)
    assert "1/1" in capsys.readouterr().err


def test_the_layout_is_known_in_any_case(tmp_path, camera):
    for name in ("Train/Good/0.png", "Test/Good/0.png", "Test/torn/0.png"):
        camera(f"in/{name}")
    camera("in/Ground_Truth/torn/0_mask.png", marked=[(0, 0)])
    counts = crop_folder(tmp_path / "in", tmp_path / "out", 8)
    assert counts == CropCounts(images=3, masks=1, train_good=6, test_good=11, defects={"torn": 1})
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"train", "test", "ground_truth"}


def test_several_pages_are_refused(tmp_path, camera):
    camera("in/a.png")
    page = Image.new("L", (26, 20))
    page.save(tmp_path / "in/b.tif", save_all=True, append_images=[page])
    with pytest.raises(ValueError, match=r"cannot read .*b\.tif: expected one image, found 2 pages"):
        crop_folder(tmp_path / "in", tmp_path / "out", 8)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_told_with_the_patch(tmp_path, camera, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    camera("in/a.png")
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*train/good/a_y00000_x00000\.png'"):
        crop_folder(tmp_path / "in", tmp_path / "out", 8)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
