# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Error maps against other libraries and written-out arithmetic."""

import numpy as np
import pytest
import torch
from piq import gmsd
from scipy.ndimage import prewitt
from skimage.metrics import structural_similarity

from anomalib_scadn.scoring.errors import (
    ERRORS,
    GRADIENT_CONSTANT,
    gradient_dissimilarity,
    squared_error,
    structural_dissimilarity,
)

SIZE = (32, 48)


def draw(count=2, painted=3, seed=0):
    """Smooth images and painted versions that differ from them a little."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 6, 6, generator=generator)
    images = torch.nn.functional.interpolate(coarse, size=SIZE, mode="bicubic").clamp(0, 1)
    noise = 0.1 * torch.randn(count, painted, 3, *SIZE, generator=generator)
    return images, (images.unsqueeze(1) + noise).clamp(0, 1)


@pytest.mark.parametrize("name", ERRORS)
def test_equal_images_have_no_error(name):
    images, _ = draw()
    error = ERRORS[name](images, images.unsqueeze(1).expand(-1, 3, -1, -1, -1))
    assert error.shape == (2, 3, *SIZE)
    assert error.abs().max() < 1e-5


@pytest.mark.parametrize("name", ERRORS)
def test_each_pair_is_compared_by_itself(name):
    images, painted = draw()
    together = ERRORS[name](images, painted)
    alone = ERRORS[name](images[1:], painted[1:, 2:])
    assert torch.allclose(together[1:, 2:], alone, atol=1e-5)


def test_squared_error_is_the_mean_over_colours():
    images, painted = draw()
    expected = ((painted[1, 2] - images[1]) ** 2).numpy().mean(axis=0)
    assert np.allclose(squared_error(images, painted)[1, 2], expected, atol=1e-7)


def test_structural_dissimilarity_equals_scikit_image():
    images, painted = draw()
    _, expected = structural_similarity(
        images[1].double().numpy(),
        painted[1, 2].double().numpy(),
        channel_axis=0,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    found = structural_dissimilarity(images, painted)[1, 2].numpy()
    # Windows that reach over the border are padded differently.
    assert np.allclose(found[6:-6, 6:-6], 1 - expected.mean(axis=0)[6:-6, 6:-6], atol=1e-4)


def similarity_of_gradients(image, painted):
    """Xue et al. 2014 at one scale, by scipy's Prewitt filter (which is six times the mean difference)."""
    real, fake = (
        np.hypot(prewitt(grey, axis=0, mode="nearest"), prewitt(grey, axis=1, mode="nearest")) / 3
        for grey in (image, painted)
    )
    return (2 * real * fake + GRADIENT_CONSTANT) / (real**2 + fake**2 + GRADIENT_CONSTANT)


def halve(image):
    height, width = image.shape
    return image.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


@pytest.mark.parametrize("exporting", [False, True])
def test_gradient_dissimilarity_equals_scipy(monkeypatch, exporting):
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: exporting)
    images, painted = draw()
    image, other = images[1].double().mean(dim=0).numpy(), painted[1, 2].double().mean(dim=0).numpy()
    expected = np.zeros(SIZE)
    for level in range(4):
        if level:
            image, other = halve(image), halve(other)
        small = torch.from_numpy(1 - similarity_of_gradients(image, other))[None, None]
        expected += torch.nn.functional.interpolate(small, size=SIZE, mode="bilinear")[0, 0].numpy() / 4
    assert np.allclose(gradient_dissimilarity(images, painted)[1, 2], expected, atol=1e-4)


def test_the_formula_of_one_scale_agrees_with_piq():
    """piq gives the spread of the map of halved images only; it pads them with zeros, which a dark border hides."""
    images, painted = draw()
    frame = torch.zeros(1, 1, *SIZE)
    frame[..., 4:-4, 4:-4] = 1
    image, other = images[:1].mean(dim=1, keepdim=True) * frame, painted[:1, 0].mean(dim=1, keepdim=True) * frame
    maps = similarity_of_gradients(halve(image[0, 0].double().numpy()), halve(other[0, 0].double().numpy()))
    assert maps.std() == pytest.approx(float(gmsd(image, other)), rel=1e-2)
