# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
import torch
from anomalib import TaskType
from anomalib.data.utils import Split
from PIL import Image
from torchvision.transforms.v2 import Resize

from anomalib_scadn.data import LaceADDataset
from anomalib_scadn.data.image_files import IMAGE_EXTENSIONS
from anomalib_scadn.data.lacead_dataset import check_mask_sizes, make_lacead_dataset
from anomalib_scadn.deploy.images import read_input


def torn(root):
    dataset = LaceADDataset(root, category=2, split="test")
    return dataset, int(dataset.samples.index[dataset.samples.label == "torn"][0])


@pytest.mark.parametrize(("split", "count"), [("train", 4), (Split.TEST, 5), (None, 9)])
def test_split_chooses_the_samples(lace_root, split, count):
    samples = make_lacead_dataset(lace_root / "2", split)
    assert len(samples) == count
    assert samples.attrs["task"] == "segmentation"


def test_labels_follow_the_folders(lace_root):
    samples = make_lacead_dataset(lace_root / "2")
    assert (samples.label_index == (samples.label == "torn")).all()
    assert ((samples.mask_path != "") == (samples.label == "torn")).all()


@pytest.mark.parametrize("split", ["val", Split.VAL, "Train"])
def test_unknown_split_is_refused(lace_root, split):
    with pytest.raises(ValueError, match="split must be 'train', 'test' or None, got"):
        make_lacead_dataset(lace_root / "2", split)


def test_task_is_classification_without_any_mask(lace_root):
    (lace_root / "2/ground_truth").rename(lace_root / "2/elsewhere")
    dataset, index = torn(lace_root)
    assert dataset.task == TaskType.CLASSIFICATION
    assert dataset[index].gt_mask is None
    assert dataset[index].gt_label == 1


def test_item_has_image_label_and_mask(lace_root):
    dataset, index = torn(lace_root)
    item = dataset[index]
    assert item.image.shape == (3, 6, 8)
    assert item.image.dtype == torch.float32
    assert 0 <= item.image.min() <= item.image.max() <= 1
    assert item.gt_label == 1
    assert item.gt_mask.nonzero().tolist() == [[2, 3]]


def test_normal_item_has_an_empty_mask(lace_root):
    item = LaceADDataset(lace_root, 2, split="train")[0]
    assert item.gt_label == 0
    assert item.gt_mask.shape == (6, 8)
    assert not item.gt_mask.any()
    assert item.mask_path is None


@pytest.mark.parametrize(
    ("mode", "value"),
    [("L", 1), ("L", 255), ("1", 1), ("RGB", (1, 0, 0)), ("RGB", (0, 0, 1)), ("RGBA", (0, 1, 0, 255)), ("I;16", 1)],
)
def test_any_pixel_that_is_not_black_is_anomalous(lace_root, save_mask, mode, value):
    save_mask("2/ground_truth/torn/0_mask.png", value, mode)
    dataset, index = torn(lace_root)
    assert dataset[index].gt_mask.nonzero().tolist() == [[2, 3]]


def test_opaque_alpha_is_no_defect(lace_root, save):
    save("2/ground_truth/torn/0_mask.png", (0, 0, 0, 255), mode="RGBA")
    dataset, index = torn(lace_root)
    assert not dataset[index].gt_mask.any()


@pytest.mark.parametrize(
    ("colour", "mark", "refused"),
    [
        ((0, 0, 0, 0), (255, 0, 0, 255), False),  # red on a clear background
        ((0, 0, 0, 0), (255, 0, 0, 40), False),
        ((0, 0, 0, 0), (0, 0, 0, 255), True),  # black on a clear background: colours mark nothing
        ((255, 255, 255, 0), (255, 255, 255, 255), True),  # white behind a clear background: they mark everything
        ((255, 255, 255, 255), (255, 255, 255, 0), True),  # rubbed out of white
        ((0, 0, 0, 255), (255, 255, 255, 0), True),  # rubbed out of black
    ],
)
def test_a_mask_in_the_alpha_channel_is_never_misread(lace_root, save, colour, mark, refused):
    path = save("2/ground_truth/torn/0_mask.png", colour, mode="RGBA")
    with Image.open(path) as file:
        image = file.copy()
    image.putpixel((3, 2), mark)
    image.save(path)
    dataset, index = torn(lace_root)
    if refused:
        with pytest.raises(ValueError, match=f"mask {path} must mark pixels by colours on black, found transparency"):
            dataset[index]
    else:
        assert dataset[index].gt_mask.nonzero().tolist() == [[2, 3]]


def test_a_clear_colour_of_a_palette_is_transparency_too(lace_root, save_mask):
    path = save_mask("2/ground_truth/torn/0_mask.png", 1, "P")
    with Image.open(path) as file:
        image = file.copy()
    image.putpalette([255, 255, 255, 255, 0, 0])
    image.save(path, transparency=0)
    dataset, index = torn(lace_root)
    with pytest.raises(ValueError, match="found transparency that says otherwise"):
        dataset[index]


def test_augmentations_move_image_and_mask_together(lace_root):
    dataset, index = torn(lace_root)
    dataset.augmentations = Resize((12, 16))
    item = dataset[index]
    assert item.image.shape == (3, 12, 16)
    assert item.gt_mask.nonzero().tolist() == [[4, 6], [4, 7], [5, 6], [5, 7]]


def test_augmentations_apply_without_masks(lace_root):
    (lace_root / "2/ground_truth").rename(lace_root / "2/elsewhere")
    dataset = LaceADDataset(lace_root, 2, Resize((12, 16)), "train")
    assert dataset[0].image.shape == (3, 12, 16)


@pytest.mark.parametrize("name", ["test/torn/0.jpg", "ground_truth/torn/0_mask.png"])
@pytest.mark.parametrize("damage", [lambda data: b"no image", lambda data: data[: len(data) // 2], lambda data: b""])
def test_unreadable_file_is_named(lace_root, name, damage):
    path = lace_root / "2" / name
    path.write_bytes(damage(path.read_bytes()))
    dataset, index = torn(lace_root)
    with pytest.raises(ValueError, match=f"cannot read {path}: expected an image file"):
        dataset[index]


def test_mask_of_another_size_is_named_with_both_sizes(lace_root, save):
    path = save("2/ground_truth/torn/0_mask.png", size=(4, 6))
    dataset, index = torn(lace_root)
    message = rf"mask {path} must be as large as its image .*torn/0.jpg \(8 x 6\), found 4 x 6"
    with pytest.raises(ValueError, match=message):
        dataset[index]
    with pytest.raises(ValueError, match=message):
        check_mask_sizes(dataset.samples)


def test_checking_mask_sizes_names_an_unreadable_file(lace_root):
    path = lace_root / "2/ground_truth/torn/0_mask.png"
    path.write_text("no image")
    with pytest.raises(ValueError, match=f"cannot read {path}"):
        check_mask_sizes(make_lacead_dataset(lace_root / "2"))


def test_images_are_read_as_inference_reads_them(lace_root):
    values = np.random.default_rng(0).integers(0, 65536, (6, 8), dtype=np.uint16)
    Image.fromarray(values).save(lace_root / "2/train/good/0.png")
    dataset = LaceADDataset(lace_root, 2, split="train")
    for index in range(2):  # one of 16 bits, one of 8
        expected = read_input(dataset.samples.image_path[index]).transpose(2, 0, 1)
        # One product and one quotient, each rounded once, differ by two units in the last place.
        np.testing.assert_allclose(dataset[index].image.numpy(), expected, rtol=2 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("extension", ["webp", "jp2", "ppm", "jfif", "gif"])
def test_images_and_masks_of_every_kind_are_used(lace_root, save, extension):
    for path in (lace_root / "2").rglob("*_mask.png"):
        save_as = path.with_suffix(f".{extension}")
        Image.open(path).save(save_as, lossless=True) if extension == "webp" else Image.open(path).save(save_as)
        path.unlink()
    save(f"2/train/good/9.{extension}")
    assert len(LaceADDataset(lace_root, 2, split="train")) == 5
    dataset, index = torn(lace_root)
    assert dataset.task == TaskType.SEGMENTATION
    assert dataset[index].gt_mask[2, 3]


def test_what_is_left_out_is_named_once(lace_root, save, caplog):
    save("2/train/good/deeper/0.png")
    (lace_root / "2/ground_truth/torn/0_mask.psd").touch()
    for _ in range(2):
        make_lacead_dataset(lace_root / "2")
    (message,) = caplog.messages
    assert message == (
        f"left out: {lace_root / '2/ground_truth/torn/0_mask.psd'} and 1 more; "
        f"images and masks end in {', '.join(IMAGE_EXTENSIONS)}"
    )
