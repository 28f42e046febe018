# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Fillings of anomalies."""

import pytest
import torch

from anomalib_scadn.anomalies import fillings
from anomalib_scadn.anomalies.fillings import FILLINGS, blur, colour, fill, light, patch

SIZE = (24, 40)


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=6, seed=1):
    return torch.rand(count, 3, *SIZE, generator=draw(seed))


@pytest.mark.parametrize("name", FILLINGS)
def test_a_filling_has_the_shape_and_range_of_images_and_is_not_the_image(name):
    normal = images()
    found = fill(torch.zeros(6, dtype=torch.long), [name], normal, normal, draw())
    assert found.shape == normal.shape
    assert (found >= 0).all()
    assert (found <= 1).all()
    assert ((found - normal).abs().mean(dim=(1, 2, 3)) > 0.01).all()


def test_each_image_gets_the_filling_that_it_was_drawn():
    normal, kinds = images(), torch.tensor([0, 1, 0, 1, 0, 1])
    found = fill(kinds, ["colour", "blur"], normal, normal, draw())
    assert torch.equal(found[1::2], blur(normal[1::2], normal, draw()))
    assert (found[0::2].amax(dim=(-2, -1)) == found[0::2].amin(dim=(-2, -1))).all()


def test_a_patch_has_values_of_other_images_in_another_light():
    batch = torch.stack([torch.full((3, *SIZE), 0.25), torch.full((3, *SIZE), 0.5)])
    found = patch(batch[:1].expand(32, -1, -1, -1), batch, draw())
    # A flat image has no contrast to change, so only its brightness does.
    assert (found.flatten(1).std(dim=1) < 1e-5).all()
    assert set((found[:, 0, 0, 0] > 0.5).tolist()) == {True, False}


def test_light_changes_brightness_by_at_least_a_twentieth():
    flat = torch.full((64, 3, *SIZE), 0.5)
    change = (light(flat, flat, draw()) - flat)[:, 0, 0, 0].abs()
    assert change.min() >= 0.05 - 1e-6
    assert change.max() <= 0.4 + 1e-6


def test_half_of_the_colours_are_greys():
    found = colour(images(400), images(2), draw())[:, :, 0, 0]
    grey = (found[:, 0] == found[:, 1]).float().mean().item()
    assert grey == pytest.approx(0.5, abs=0.1)


def test_blur_keeps_the_mean_and_loses_the_structure():
    normal = images()
    found = blur(normal, normal, draw())
    torch.testing.assert_close(found.mean(), normal.mean(), atol=0.01, rtol=0)
    assert found.std() < normal.std() / 2


def test_patches_of_oblong_images_keep_their_proportions(monkeypatch):
    monkeypatch.setattr(fillings, "log_uniform", lambda generator, count, low, high, dims: torch.ones(count, 1))
    rows, columns = torch.arange(64.0)[:, None], torch.arange(256.0)
    waves = (0.5 + 0.2 * torch.sin(2 * torch.pi * columns / 16 + 0 * rows)).expand(16, 1, -1, -1)
    for found in patch(waves, waves, draw()):
        across, down = (found[0] - found.mean()).diff(dim=1), (found[0] - found.mean()).diff(dim=0)
        line = found[0, 20] if across.abs().mean() > down.abs().mean() else found[0, :, 20]
        spectrum = torch.fft.rfft(line[:64] - line[:64].mean()).abs()
        assert int(spectrum.argmax()) == 4  # waves of 16 pixels, along or across
