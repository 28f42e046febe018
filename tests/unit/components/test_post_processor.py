# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The post-processor against the host's."""

import pytest
import torch
from anomalib.data import ImageBatch
from anomalib.post_processing import PostProcessor

from anomalib_scadn.components.post_processor import ScadnPostProcessor

SETTINGS = {
    "enable_normalization": False,
    "enable_thresholding": False,
    "enable_threshold_matching": False,
    "image_sensitivity": 0.25,
    "pixel_sensitivity": 0.75,
}


def batches(seed=0, gap=0.5, masks=True):
    """Two batches of three images, the last image of each with an anomalous square."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(2):
        gt_mask = torch.zeros(3, 16, 16, dtype=torch.bool)
        gt_mask[2, 4:9, 5:12] = True
        anomaly_map = 0.1 * torch.rand(3, 1, 16, 16, generator=generator) + gap * gt_mask.unsqueeze(1)
        yield ImageBatch(
            image=torch.zeros(3, 3, 16, 16),
            anomaly_map=anomaly_map,
            pred_score=anomaly_map.mean(dim=(1, 2, 3)),
            gt_mask=gt_mask if masks else None,
            gt_label=torch.tensor([False, False, True]),
        )


def validated(post_processor, **kwargs):
    for number, batch in enumerate(batches(**kwargs)):
        post_processor.on_validation_batch_end(None, None, batch, number)
    post_processor.on_validation_epoch_end(None, None)
    return post_processor


def f1(threshold, **kwargs):
    predicted, labels = (
        torch.cat([field.flatten() for field in fields])
        for fields in zip(*((batch.anomaly_map > threshold, batch.gt_mask) for batch in batches(**kwargs)), strict=True)
    )
    return float(2 * (predicted & labels).sum() / (predicted.sum() + labels.sum()))


def test_pixel_threshold_is_close_to_the_hosts():
    ours, hosts = validated(ScadnPostProcessor()), validated(PostProcessor())
    assert float(ours.pixel_threshold) == pytest.approx(float(hosts.pixel_threshold), rel=1 / 64)
    assert f1(ours.pixel_threshold) == 1.0


def test_pixel_threshold_of_overlapping_classes_is_as_good_as_the_hosts():
    ours, hosts = validated(ScadnPostProcessor(), gap=0.06), validated(PostProcessor(), gap=0.06)
    best = f1(hosts.pixel_threshold, gap=0.06)
    assert 0.3 < best < 0.99
    assert f1(ours.pixel_threshold, gap=0.06) >= 0.99 * best


def test_everything_else_is_exactly_the_hosts():
    ours, hosts = validated(ScadnPostProcessor()), validated(PostProcessor())
    assert ours.state_dict().keys() == hosts.state_dict().keys()
    for name, value in hosts.state_dict().items():
        assert torch.isfinite(value)
        if name != "_pixel_threshold":
            assert torch.equal(ours.state_dict()[name], value), name


def test_state_of_the_host_can_be_loaded():
    hosts, ours = validated(PostProcessor()), ScadnPostProcessor()
    ours.load_state_dict(hosts.state_dict())
    assert torch.equal(ours.pixel_threshold, hosts.pixel_threshold)


def test_every_validation_starts_anew():
    post_processor = validated(ScadnPostProcessor(), gap=0.5)
    first = post_processor.pixel_threshold.clone()
    validated(post_processor, gap=5.0)
    fresh = validated(ScadnPostProcessor(), gap=5.0)
    assert torch.equal(post_processor.pixel_threshold, fresh.pixel_threshold)
    assert post_processor.pixel_threshold > first


def test_image_threshold_stands_in_when_there_are_no_masks():
    post_processor = validated(ScadnPostProcessor(), masks=False)
    assert torch.isnan(post_processor._pixel_threshold)
    assert torch.equal(post_processor.pixel_threshold, post_processor.image_threshold)


def test_maps_are_not_kept():
    post_processor = ScadnPostProcessor()
    metric = post_processor._pixel_threshold_metric
    before = [getattr(metric, name).numel() for name in metric._defaults]
    for batch in batches():
        post_processor.on_validation_batch_end(None, None, batch)
    assert [getattr(metric, name).numel() for name in metric._defaults] == before


def test_maps_are_split_at_the_threshold():
    post_processor = validated(ScadnPostProcessor())
    batch = next(batches())
    post_processor.post_process_batch(batch)
    assert torch.equal(batch.pred_mask.view_as(batch.gt_mask), batch.gt_mask)


def test_configuration_survives_a_checkpoint():
    saved = ScadnPostProcessor(**SETTINGS).checkpoint_config()
    assert saved == SETTINGS
    restored = ScadnPostProcessor()
    assert restored.checkpoint_config() != saved
    restored.load_checkpoint_config(saved)
    assert restored.checkpoint_config() == saved


@pytest.mark.parametrize("name", SETTINGS)
def test_each_argument_means_what_it_means_to_the_host(name):
    arguments = {name: SETTINGS[name]}
    assert ScadnPostProcessor(**arguments).checkpoint_config() == PostProcessor(**arguments).checkpoint_config()
    assert ScadnPostProcessor().checkpoint_config() == PostProcessor().checkpoint_config()
