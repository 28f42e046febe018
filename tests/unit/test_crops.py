# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Random crops of images and masks."""

import pytest
import torch

from anomalib_scadn.masks import check_crop_size, random_crops

SIZE = (40, 64)


def draw(seed=0, count=6):
    """Images whose pixels tell their place, and masks that repeat a channel of them."""
    rows = torch.arange(SIZE[0]).view(1, 1, -1, 1).expand(count, 1, *SIZE)
    columns = torch.arange(SIZE[1]).view(1, 1, 1, -1).expand(count, 1, *SIZE)
    images = torch.cat([rows, columns, rows + columns], dim=1).float()
    return images, columns.float(), torch.Generator().manual_seed(seed)


def test_image_and_mask_are_cut_at_the_same_place():
    images, masks, generator = draw()
    crops, mask_crops = random_crops(images, masks, (24, 32), generator)
    assert crops.shape == (6, 3, 24, 32)
    assert torch.equal(crops[:, 1:2], mask_crops)
    first = crops[:, :2, 0, 0].int()
    for crop, (row, column) in zip(crops, first.tolist(), strict=True):
        assert torch.equal(crop, images[0, :, row : row + 24, column : column + 32])
    assert len({tuple(place) for place in first.tolist()}) > 1


def test_every_place_can_be_drawn():
    images, masks, generator = draw(count=2000)
    crops, _ = random_crops(images, masks, (32, 56), generator)
    assert set(crops[:, 0, 0, 0].int().tolist()) == set(range(9))
    assert set(crops[:, 1, 0, 0].int().tolist()) == set(range(9))


def test_a_seed_gives_the_same_crops():
    first, second = (random_crops(*draw()[:2], (24, 24), draw(seed=3)[2])[0] for _ in range(2))
    assert torch.equal(first, second)


def test_a_crop_of_the_whole_size_is_the_image():
    images, masks, generator = draw()
    assert torch.equal(random_crops(images, masks, SIZE, generator)[0], images)


@pytest.mark.parametrize("size", [(20, 32), (16, 32), (48, 64), (24, 72)])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(ValueError, match=rf"crop_size .*\({size[0]}, {size[1]}\)"):
        check_crop_size(size, SIZE, (4, 8))
    check_crop_size((24, 64), SIZE, (4, 8))


def test_a_crop_must_hold_two_of_the_widest_stripes():
    with pytest.raises(ValueError, match="two of the widest stripes, 32 pixels"):
        check_crop_size((40, 56), SIZE, (2, 4))
