# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What the generator is given in training: stripes, anomalies, crops."""

import pytest
import torch

from anomalib_scadn.masks import striped_masks
from anomalib_scadn.training.inputs import check_crop_size, draw_inputs, random_crops

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


def spoil(repair, seed=0, **options):
    images = torch.rand(64, 3, *SIZE, generator=torch.Generator().manual_seed(1)).clamp(min=0.1)
    generator = torch.Generator().manual_seed(seed)
    return images, draw_inputs(images, striped_masks(SIZE, (4, 8)), generator, repair=repair, **options)


def test_stripes_are_removed_from_all_images_that_are_not_repaired():
    images, found = spoil(0.0, mask_fill=0.05)
    assert torch.equal(found.images, images)
    assert torch.equal(found.given, torch.where(found.masks == 1, images, 0.05))
    assert all(any(torch.equal(mask, known) for known in striped_masks(SIZE, (4, 8))) for mask in found.masks)


def test_images_to_be_repaired_are_whole_but_for_their_anomalies():
    images, found = spoil(1.0)
    assert torch.equal(found.images, images)
    assert ((found.given - images).abs() * found.masks).max() <= 0.1
    assert ((found.given != images) & (found.masks == 0)).any(dim=1).any(dim=-1).any(dim=-1).all()


def test_a_share_of_the_images_is_repaired():
    _, found = spoil(0.25)
    striped = (found.given == 0).flatten(1).any(dim=1).float().mean().item()
    assert 0.6 < striped < 0.9


def test_a_seed_gives_the_same_inputs_and_crops_are_cut_before_anomalies_are_drawn():
    _, first = spoil(0.5, crop_size=(24, 24))
    _, second = spoil(0.5, crop_size=(24, 24))
    assert first.given.shape == (64, 3, 24, 24)
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
