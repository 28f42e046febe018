# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Networks as an export takes them."""

import pickle

import pytest
import torch

from anomalib_scadn.export.plain_weights import for_inference, with_plain_weights
from anomalib_scadn.networks import Discriminator, Generator, ResizeConv2d


def test_plain_weights_compute_the_same_and_can_be_pickled():
    network = Discriminator(2)
    images = torch.rand(2, 3, 32, 32)
    network(images)  # one more power iteration
    plain = with_plain_weights(network)
    torch.testing.assert_close(plain(images), network.eval()(images))
    pickle.dumps(plain)
    assert all(name.endswith("weight") for name in plain.state_dict())
    assert any("parametrizations" in name for name in network.state_dict())


def test_for_inference_takes_networks_off_and_brings_them_back_whatever_happens():
    model = torch.nn.Module()
    model.kept, model.judge, model.trains = torch.nn.Conv2d(3, 3, 1), Discriminator(2), Discriminator(2)
    model.paints = Generator(2, 0)
    before = dict(model.named_children())

    def export():
        assert model.trains is None
        assert model.kept is before["kept"]
        assert model.judge is not before["judge"]
        assert not any(isinstance(layer, ResizeConv2d) for layer in model.paints.modules())
        pickle.dumps(model.judge)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"), for_inference(model, ("trains",)):
        export()
    assert dict(model.named_children()) == before


def test_networks_come_back_if_one_cannot_be_copied(monkeypatch):
    model = torch.nn.Module()
    model.trains, model.judge = Discriminator(2), Discriminator(2)
    before = dict(model.named_children())

    def fail(network):
        raise MemoryError

    monkeypatch.setattr("anomalib_scadn.export.plain_weights.with_plain_weights", fail)
    with pytest.raises(MemoryError), for_inference(model, ("trains",)):
        pass
    assert dict(model.named_children()) == before
