# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Loading the authors' checkpoint files: what is taken over, and what is refused."""

import pytest
import torch

from anomalib_scadn import Scadn
from anomalib_scadn.networks import Discriminator, Generator
from anomalib_scadn.training.official_weights import (
    load_official_weights,
    rename_discriminator_keys,
    rename_generator_keys,
)

CHANNELS = 2
SPECTRAL = {
    "parametrizations.weight.original": "weight_orig",
    "parametrizations.weight.0._u": "weight_u",
    "parametrizations.weight.0._v": "weight_v",
}


def official_generator_state(generator):
    """Our generator's weights under the authors' names, written by hand."""
    state = {}
    for key, value in generator.state_dict().items():
        part, *rest = key.split(".")
        if part == "residual":
            block, layers, layer, tensor = rest
            assert layers == "layers"
            state[f"middle.{block}.conv_block.{layer}.{tensor}"] = value.clone()
        else:
            state[key] = value.clone()
    return state


def official_discriminator_state(discriminator):
    """Our discriminator's weights under the authors' names; the first convolution has two of them."""
    state = {}
    for key, value in discriminator.state_dict().items():
        _, layer, tensor = key.split(".", 2)
        number = int(layer) // 2 + 1
        for name in ("conv1", "features") if number == 1 else (f"conv{number}",):
            state[f"{name}.0.{SPECTRAL[tensor]}"] = value.clone()
    return state


@pytest.fixture
def networks():
    """Trained networks, whose weights the files hold."""
    torch.manual_seed(1)
    generator, discriminator = Generator(CHANNELS), Discriminator(CHANNELS)
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter)
    return generator, discriminator


@pytest.fixture
def files(tmp_path, networks):
    """The authors' two files."""
    generator_file, discriminator_file = tmp_path / "InpaintingModel_gen.pth", tmp_path / "InpaintingModel_dis.pth"
    state = official_generator_state(networks[0])
    torch.save({"iteration": 7, "epoch": 3, "generator": state}, generator_file)
    torch.save({"discriminator": official_discriminator_state(networks[1])}, discriminator_file)
    return generator_file, discriminator_file


@pytest.fixture
def fresh():
    """Networks to load into."""
    torch.manual_seed(2)
    return Generator(CHANNELS), Discriminator(CHANNELS)


def copy_of(network):
    return {key: value.clone() for key, value in network.state_dict().items()}


def assert_same(network, state):
    assert network.state_dict().keys() == state.keys()
    for key, value in network.state_dict().items():
        assert torch.equal(value, state[key]), key


def rewrite(file, name, change):
    content = torch.load(file, weights_only=True)
    change(content[name])
    torch.save(content, file)


def test_written_files_have_the_authors_keys(official_keys, networks):
    assert official_generator_state(networks[0]).keys() == official_keys["generator"].keys()
    assert official_discriminator_state(networks[1]).keys() == official_keys["discriminator"].keys()


@pytest.mark.parametrize("as_path", [str, lambda file: file])
def test_both_networks_take_over_the_files_weights_and_outputs(files, networks, fresh, as_path):
    load_official_weights(fresh[0], as_path(files[0]), fresh[1], as_path(files[1]))
    image = torch.rand(1, 3, 32, 32)
    for network, loaded in zip(networks, fresh, strict=True):
        assert_same(loaded, network.state_dict())
        assert torch.equal(network.eval()(image), loaded.eval()(image))


def test_discriminator_stays_as_it_is_without_its_file(files, networks, fresh):
    before = copy_of(fresh[1])
    load_official_weights(fresh[0], files[0], fresh[1])
    assert_same(fresh[0], networks[0].state_dict())
    assert_same(fresh[1], before)


def test_generator_file_is_enough(files, networks, fresh):
    load_official_weights(fresh[0], files[0])
    assert_same(fresh[0], networks[0].state_dict())


@pytest.mark.parametrize(("passes", "warns"), [("striped", True), ("once", False)])
def test_how_removed_pixels_were_filled_matters_to_striped_passes_alone(passes, warns, files, networks, caplog):
    model = Scadn(image_size=32, base_channels=CHANNELS, passes=passes, visualizer=False)
    model.load_official_weights(files[0])
    assert ("mask_fill" in caplog.text) == warns
    assert torch.isfinite(model.model.eval().score(torch.rand(1, 3, 32, 32)).pred_score).all()
    assert_same(model.model.generator, networks[0].state_dict())


def test_second_name_of_the_first_convolution_wins_in_any_order(networks):
    state = official_discriminator_state(networks[1])
    state["conv1.0.weight_orig"] = torch.zeros_like(state["conv1.0.weight_orig"])
    for ordered in (state, dict(reversed(state.items()))):
        renamed = rename_discriminator_keys(ordered)
        assert torch.equal(renamed["layers.0.parametrizations.weight.original"], state["features.0.weight_orig"])


@pytest.mark.parametrize("rename", [rename_generator_keys, rename_discriminator_keys])
def test_key_without_counterpart_keeps_its_name(rename):
    tensor = torch.zeros(1)
    unknown = {"extra.weight": tensor, "conv9.0.weight_orig": tensor, "conv1.0.bias": tensor}
    assert rename(unknown) == unknown


class Payload:
    """Anything but a tensor or plain data."""


def test_pickled_object_is_refused_and_not_built(tmp_path, fresh, monkeypatch):
    file, before = tmp_path / "object.pth", copy_of(fresh[0])
    torch.save({"generator": {}, "options": Payload()}, file)
    built = []
    monkeypatch.setattr(Payload, "__setstate__", lambda self, state: built.append(self), raising=False)
    monkeypatch.setattr(Payload, "__new__", built.append)
    with pytest.raises(ValueError, match=r"object\.pth .* holds more than tensors and plain data \(UnpicklingError\)$"):
        load_official_weights(fresh[0], file)
    assert not built
    assert_same(fresh[0], before)


def test_file_that_is_no_checkpoint_is_refused(tmp_path, fresh):
    file = tmp_path / "text.pth"
    file.write_text("not a checkpoint")
    with pytest.raises(ValueError, match=r"text\.pth cannot be read as a checkpoint: it is damaged, or .* \(\w+\)$"):
        load_official_weights(fresh[0], file)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"discriminator": {}, "epoch": 3}, r"found \['discriminator', 'epoch'\]"),
        ({"generator": 3}, r"found \['generator'\]"),
        ([1, 2], "found list"),
    ],
)
def test_file_without_the_expected_state_dict_is_refused(tmp_path, fresh, content, found):
    file, before = tmp_path / "other.pth", copy_of(fresh[0])
    torch.save(content, file)
    with pytest.raises(ValueError, match=rf"other\.pth must hold a state dict under 'generator'.*{found}"):
        load_official_weights(fresh[0], file)
    assert_same(fresh[0], before)


def test_missing_file_is_named(tmp_path, files, fresh):
    before = copy_of(fresh[0])
    with pytest.raises(FileNotFoundError, match=r"no such checkpoint: .*absent\.pth"):
        load_official_weights(fresh[0], tmp_path / "absent.pth")
    with pytest.raises(FileNotFoundError, match=r"no such checkpoint: .*absent\.pth"):
        load_official_weights(fresh[0], files[0], fresh[1], tmp_path / "absent.pth")
    assert_same(fresh[0], before)


def drop_a_key(state):
    del state["middle.3.conv_block.5.bias"]


def add_a_key(state):
    state["extra.weight"] = torch.zeros(1)


def change_a_shape(state):
    state["decoder.1.weight"] = state["decoder.1.weight"][..., :1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_a_key, r"residual\.3\.layers\.5\.bias has shape missing, expected \(16,\) \(1 keys differ"),
        (add_a_key, r"extra\.weight has shape \(1,\), expected no such key \(1 keys differ"),
        (change_a_shape, r"decoder\.1\.weight has shape \(8, 16, 3, 1\), expected \(8, 16, 3, 3\) \(1 keys differ"),
    ],
)
def test_state_that_does_not_fit_is_refused_by_key_and_shape(files, fresh, change, message):
    before = copy_of(fresh[0])
    rewrite(files[0], "generator", change)
    with pytest.raises(ValueError, match=rf"InpaintingModel_gen\.pth does not fit this Generator: {message}"):
        load_official_weights(fresh[0], files[0])
    assert_same(fresh[0], before)


def test_weights_of_another_width_are_refused(files):
    with pytest.raises(ValueError, match=r"does not fit this Generator.*base_channels=64"):
        load_official_weights(Generator(CHANNELS + 1), files[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("conv3.0.weight_u"),
        lambda state: state.update({"conv5.0.weight_orig": torch.zeros(2, 16, 4, 4)}),
        lambda state: state.update({"conv2.0.bias": torch.zeros(4)}),
    ],
)
def test_failing_discriminator_file_leaves_both_networks_untouched(files, fresh, change):
    before = [copy_of(network) for network in fresh]
    rewrite(files[1], "discriminator", change)
    with pytest.raises(ValueError, match=r"InpaintingModel_dis\.pth does not fit this Discriminator"):
        load_official_weights(fresh[0], files[0], fresh[1], files[1])
    for network, state in zip(fresh, before, strict=True):
        assert_same(network, state)


def test_swapped_files_are_refused(files, fresh):
    with pytest.raises(ValueError, match=r"InpaintingModel_dis\.pth must hold a state dict under 'generator'"):
        load_official_weights(fresh[0], files[1], fresh[1], files[0])


def test_a_state_dict_of_anything_but_tensors_is_refused_by_name(tmp_path):
    torch.save({"generator": {"encoder.1.weight": 3}}, tmp_path / "odd.pth")
    with pytest.raises(ValueError, match=r"odd\.pth must hold tensors by name under 'generator'; 'encoder\.1\.weight'"):
        load_official_weights(Generator(2), tmp_path / "odd.pth")
