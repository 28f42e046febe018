# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Lines of progress."""

import logging

from anomalib_scadn.deploy.distributed.progress import Progress


def test_a_line_says_how_far_a_run_is_and_counts_no_start_up():
    progress = Progress(60_000, start=5.0)
    progress.add(1000, [("a.png", "broken")], now=10.0)
    progress.add(200, [("b.png", "broken"), ("c.png", "broken")], now=60.0)
    assert progress.start_seconds == 5.0
    assert progress.line(110.0) == "1200 of 60000 images, 12 per second, 1:21:40 remaining, 3 failed"


def test_nobody_knows_how_many_images_are_left_in_shards():
    progress = Progress(None, start=0.0)
    progress.add(5, now=0.0)
    assert progress.line(10.0) == "5 images, 0.5 per second, 0 failed"
    assert Progress(7, start=0.0).line(1.0) == "0 of 7 images, 0 per second, 0 failed"


def test_anomalous_images_are_counted_where_there_are_labels():
    progress = Progress(7)
    progress.add(2)
    assert progress.anomalous is None
    progress.add(2, anomalous=0)
    progress.add(3, anomalous=2)
    assert progress.anomalous == 2


def test_what_most_images_failed_of_is_said_at_the_end_with_the_count(caplog):
    progress = Progress(40)
    with caplog.at_level(logging.WARNING):
        progress.add(10, [(f"{number}.png", f"cannot read in/{number}.png: gone") for number in range(10)])
        progress.say_errors()  # all of them were named
        assert len(caplog.records) == 10
        progress.add(30, [(f"{number}.png", "ignore_mask must have the proportions") for number in range(30)])
        progress.say_errors()
    assert [record.getMessage() for record in caplog.records[10:]] == [
        "30 of 40 failed images: ignore_mask must have the proportions",
        "10 of 40 failed images: cannot read in/...: gone",
    ]
