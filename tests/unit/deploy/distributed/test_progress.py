# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Lines of progress."""

from anomalib_scadn.deploy.distributed.progress import Progress


def test_a_line_says_how_far_a_run_is_and_counts_no_start_up():
    progress = Progress(60_000, start=5.0)
    progress.add(1000, 1, now=10.0)
    progress.add(200, 2, now=60.0)
    assert progress.start_seconds == 5.0
    assert progress.line(110.0) == "1200 of 60000 images, 12 per second, 1:21:40 remaining, 3 failed"


def test_nobody_knows_how_many_images_are_left_in_shards():
    progress = Progress(None, start=0.0)
    progress.add(5, 0, now=0.0)
    assert progress.line(10.0) == "5 images, 0.5 per second, 0 failed"
    assert Progress(7, start=0.0).line(1.0) == "0 of 7 images, 0 per second, 0 failed"
