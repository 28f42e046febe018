# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The inference module: what it returns, and what its results do not depend on."""

import pytest
import torch
from anomalib.data import InferenceBatch

from anomalib_scadn.masks import remove, striped_masks
from anomalib_scadn.scoring import CompositeScore, PaperScore
from anomalib_scadn.torch_model import ScadnModel
from tolerances import generator_rounding

SIZE = (24, 32)


def make_model(**kwargs):
    """A narrow model whose first scale is not always chosen."""
    arguments = {"image_size": SIZE, "base_channels": 2, "adversarial": False, "seed": 0} | kwargs
    model = ScadnModel(**arguments).eval()
    with torch.no_grad():
        for parameter in model.generator.parameters():
            parameter.normal_(0, 0.3, generator=torch.Generator().manual_seed(parameter.numel()))
    return model


@pytest.fixture(scope="module")
def images():
    return torch.rand(3, 3, *SIZE, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(autouse=True)
def _inference():
    with torch.no_grad():
        yield


def assert_close(first, second):
    torch.testing.assert_close(first, second, atol=generator_rounding(2), rtol=0)


def test_forward_gives_a_score_and_a_map_per_image(model, images):
    output = model(images)
    assert isinstance(output, InferenceBatch)
    assert output.pred_score.shape == (3,)
    assert output.anomaly_map.shape == (3, 1, *SIZE)
    assert output.pred_label is None
    assert output.pred_mask is None
    assert output.pred_score.min() > 0


def test_forward_is_the_score_without_its_explanation(model, images):
    output, explained = model(images), model.score(images)
    assert torch.equal(output.pred_score, explained.pred_score)
    assert torch.equal(output.anomaly_map, explained.anomaly_map)
    assert explained.scale_maps.shape == (3, 3, *SIZE)
    assert explained.selected_scale.shape == (3,)


def test_reconstructions_are_the_generators_paintings_of_the_masked_images(images):
    model = make_model(mask_fill=0.25)
    reconstructions = model.reconstruct(images[:2])
    assert reconstructions.shape == (2, 12, 3, *SIZE)
    masks = striped_masks(SIZE, (4, 8, 16))
    for n in range(2):
        for j in range(12):
            painted = model.generator(remove(images[n : n + 1], masks[j], 0.25))
            assert_close(reconstructions[n, j], painted[0])


def test_asked_once_the_generator_is_given_the_whole_image(images):
    model = make_model(passes="once", mask_fill=0.25)
    reconstructions = model.reconstruct(images)
    assert reconstructions.shape == (len(images), 1, 3, *SIZE)
    assert_close(reconstructions[:, 0], model.generator(images))
    assert_close(model.composites(images)[:, 0, 0], reconstructions[:, 0])
    output = model.score(images)
    assert output.scale_maps.shape == (len(images), 1, *SIZE)
    assert torch.equal(output.scale_maps, output.anomaly_map)
    assert not output.selected_scale.any()


def test_asked_once_the_score_is_a_composite_one():
    assert isinstance(make_model(passes="once").scorer, CompositeScore)
    with pytest.raises(
        ValueError, match=r"PaperScore compares where stripes were removed .* passes='once' removes none"
    ):
        make_model(passes="once", score=PaperScore(merge="mean"))
    with pytest.raises(ValueError, match=r"passes must be 'striped' .* or 'once' .*, got 'twice'"):
        make_model(passes="twice")


def test_score_is_what_the_scorer_says_about_the_reconstructions(model, images):
    expected = model.scorer(images, model.reconstruct(images), model.masks)
    for mine, field in zip(model.score(images), expected, strict=True):
        assert_close(mine, field)


def test_removed_pixels_have_no_influence_on_their_reconstruction(model, images):
    # All but the stripes that the first mask keeps may change: its reconstruction does not.
    mask = model.masks[0]
    other = images * mask + torch.rand_like(images) * (1 - mask)
    assert_close(model.reconstruct(images[:1])[:, 0], model.reconstruct(other[:1])[:, 0])
    assert not torch.allclose(model.reconstruct(images[:1])[:, 1], model.reconstruct(other[:1])[:, 1], atol=1e-2)


@pytest.mark.parametrize("passes_at_once", [1, 5, 12, 25])
def test_results_do_not_depend_on_the_passes_at_once(model, images, passes_at_once):
    divided = make_model(passes_at_once=passes_at_once)
    assert divided.passes_at_once == passes_at_once
    for mine, whole in zip(divided.score(images), model.score(images), strict=True):
        assert_close(mine, whole)
    assert_close(divided.reconstruct(images), model.reconstruct(images))
    assert_close(divided.composites(images), model.composites(images))
    assert_close(divided.statistics(images), model.statistics(images))


@pytest.mark.parametrize("passes_at_once", [1, 5, 12, 25])
def test_generator_never_gets_more_than_the_passes_at_once(images, passes_at_once):
    model, seen = make_model(passes_at_once=passes_at_once), []
    model.generator.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    model(images)
    assert sum(seen) == 12 * len(images)
    assert max(seen) <= passes_at_once


@pytest.mark.parametrize(("passes_at_once", "images_at_once"), [(1, 1), (12, 1), (25, 2)])
def test_reconstructions_are_scored_before_more_are_made_than_a_pass_may_take(images, passes_at_once, images_at_once):
    model, seen = make_model(passes_at_once=passes_at_once), []
    model.scorer.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    model(images)
    assert sum(seen) == len(images)
    assert max(seen) == images_at_once


@pytest.mark.parametrize(
    ("size", "passes"), [((512, 512), 1), ((256, 512), 2), ((2048, 2048), 1), ((256, 256), 4), ((24, 24), 455)]
)
def test_passes_at_once_have_as_many_pixels_as_one_of_the_papers_images_by_default(size, passes):
    assert ScadnModel(size, base_channels=1, adversarial=False).passes_at_once == passes


def test_result_of_an_image_does_not_depend_on_its_batch(model, images):
    together = model.score(images)
    order = torch.tensor([2, 0, 1])
    shuffled = model.score(images[order])
    for field, moved in zip(together, shuffled, strict=True):
        assert_close(field[order], moved)
    for n in range(len(images)):
        for field, alone in zip(together, model.score(images[n : n + 1]), strict=True):
            assert_close(field[n : n + 1], alone)


def test_statistics_add_up_over_batches(model, images):
    whole = model.statistics(images)
    assert whole.shape == (3,)
    torch.testing.assert_close(
        model.statistics(images[:1]) + model.statistics(images[1:]), whole, atol=generator_rounding(2), rtol=0
    )
    assert_close(whole, model.score(images).scale_maps.mean(dim=(2, 3)).double().sum(dim=0))


def test_fitted_reference_changes_the_chosen_scale(images):
    model = make_model()
    chosen = int(model.score(images[:1]).selected_scale)
    lifted = torch.zeros(3)
    lifted[chosen] = 100.0
    model.scorer.fit(lifted, 1)
    assert int(model.score(images[:1]).selected_scale) != chosen


def test_composite_takes_each_pixel_from_the_pass_in_which_it_was_removed(model, images):
    composites, reconstructions = model.composites(images), model.reconstruct(images)
    assert composites.shape == (3, 3, 2, 3, *SIZE)
    for scale in range(3):
        for direction in range(2):
            first = 4 * scale + 2 * direction
            removed_by_first = (model.masks[first] == 0).expand(3, -1, -1)
            expected = torch.where(removed_by_first, reconstructions[:, first], reconstructions[:, first + 1])
            assert_close(composites[:, scale, direction], expected)


def test_stripes_decide_the_number_of_masks_and_scales(images):
    model = make_model(stripes=[2, 6])
    assert model.masks.shape == (8, 1, *SIZE)
    assert model.stripes == (2, 6)
    assert model.score(images[:2]).scale_maps.shape == (2, 2, *SIZE)


def test_the_default_score_is_the_papers():
    default = make_model().scorer
    assert isinstance(default, PaperScore)
    assert (default.merge, default.subtract_reference) == ("max", True)


@pytest.mark.parametrize("shape", [(3, *SIZE), (2, 1, *SIZE), (2, 3, 32, 24), (2, 3, 32, 32), (1, 2, 3, *SIZE)])
@pytest.mark.parametrize("method", ["forward", "score", "statistics", "composites"])
def test_images_of_another_shape_are_refused(model, shape, method):
    with pytest.raises(ValueError, match=r"expected images of shape \(N, 3, 24, 32\), got ") as caught:
        getattr(model, method)(torch.rand(shape))
    assert str(caught.value).endswith(f"got {shape}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": (30, 32)}, "height must be a multiple of 8 .* got 30; nearest valid: 24 or 32"),
        ({"image_size": (32, 16)}, r"at least 24 x 24 pixels, got \(32, 16\)"),
        ({"image_size": (16, 32), "stripes": (4,)}, r"at least 24 x 24 pixels, got \(16, 32\)"),
        ({"stripes": (4, 7)}, "got 7; nearest valid: 6 or 8"),
        ({"stripes": (64,)}, "64 stripes across 32 pixels"),
        ({"base_channels": 0}, "base_channels must be a whole number, at least 1, got 0"),
        ({"residual_blocks": -1}, "residual_blocks must be a whole number, at least 0, got -1"),
        ({"residual_blocks": 1.5}, "residual_blocks must be a whole number, at least 0, got 1.5"),
        ({"residual": "none"}, "residual must be 'full' or 'separable', got 'none'"),
        ({"mask_fill": -0.5}, r"mask_fill must lie in \[0, 1\].* got -0.5"),
        ({"mask_fill": 255.0}, r"mask_fill must lie in \[0, 1\].* got 255.0"),
        ({"mask_fill": float("nan")}, r"mask_fill must lie in \[0, 1\].* got nan"),
        ({"passes_at_once": 0}, "passes_at_once must be a whole number, at least 1, got 0"),
    ],
)
def test_impossible_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        ScadnModel(**({"image_size": (32, 32), "base_channels": 1} | arguments))


def test_seed_makes_initial_weights_equal_whatever_was_drawn_before():
    first = ScadnModel((32, 32), 2, seed=7)
    torch.rand(100)
    second, other = ScadnModel((32, 32), 2, seed=7), ScadnModel((32, 32), 2, seed=8)
    for name, value in first.state_dict().items():
        assert (
            torch.equal(
                value,
                second.state_dict()[name],
            )
            or name == "scorer.mu"
        ), name
    for name, value in first.named_parameters():
        assert name.endswith("bias") or not torch.equal(value, other.get_parameter(name)), name


def test_generator_starts_the_same_with_and_without_a_discriminator():
    with_one, without = (ScadnModel((32, 32), 2, seed=7, adversarial=flag) for flag in (True, False))
    for name, value in without.generator.state_dict().items():
        assert torch.equal(value, with_one.generator.state_dict()[name])


def test_seed_leaves_the_global_generator_untouched():
    torch.manual_seed(11)
    expected = torch.rand(4)
    torch.manual_seed(11)
    ScadnModel((32, 32), 2, seed=7)
    assert torch.equal(torch.rand(4), expected)


def test_weights_come_from_the_global_generator_without_a_seed():
    torch.manual_seed(11)
    first = ScadnModel((32, 32), 2)
    second = ScadnModel((32, 32), 2)
    torch.manual_seed(11)
    again = ScadnModel((32, 32), 2)
    key = "encoder.1.weight"
    assert torch.equal(first.generator.get_parameter(key), again.generator.get_parameter(key))
    assert not torch.equal(first.generator.get_parameter(key), second.generator.get_parameter(key))


def test_state_dict_holds_the_reference_but_not_the_masks(images):
    fitted = make_model()
    state_before = set(fitted.state_dict())
    assert "scorer.mu" in state_before
    assert not any("masks" in key for key in state_before)
    fitted.scorer.fit(fitted.statistics(images), len(images))
    other = make_model()
    other.load_state_dict(fitted.state_dict())
    assert torch.equal(other.scorer.mu, fitted.scorer.mu)
    assert_close(other(images).anomaly_map, fitted(images).anomaly_map)


def test_masks_move_and_convert_with_the_model():
    model = make_model().to("meta")
    assert model.masks.device.type == model.scorer.mu.device.type == "meta"


def test_no_discriminator_without_the_adversarial_loss():
    model = ScadnModel((32, 32), 2, adversarial=False)
    assert model.discriminator is None
    assert not any("discriminator" in key for key in model.state_dict())
    assert ScadnModel((32, 32), 2).discriminator is not None


def test_discriminator_takes_no_part_in_inference(images):
    with_one, without = ScadnModel(SIZE, 2, seed=7).eval(), ScadnModel(SIZE, 2, seed=7, adversarial=False).eval()
    assert torch.equal(with_one(images).anomaly_map, without(images).anomaly_map)


def test_reconstructions_keep_the_images_dtype_under_autocast(model, images):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model.score(images[:1])
        assert model.reconstruct(images[:1]).dtype == torch.float32
    assert output.scale_maps.dtype == output.pred_score.dtype == torch.float32
