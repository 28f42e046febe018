# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Lines of progress."""

from anomalib_scadn.distributed.progress import Progress


def test_a_line_says_how_far_a_run_is():
    progress = Progress(60_000, clock=10.0)
    progress.add(1000, 1)
    progress.add(200, 2)
    assert progress.line(110.0) == "1200 of 60000 images, 12 per second, 1:21:40 remaining, 3 failed"


def test_nobody_knows_how_many_images_are_left_in_shards():
    progress = Progress(None, clock=0.0)
    progress.add(5, 0)
    assert progress.line(10.0) == "5 images, 0.5 per second, 0 failed"
    assert Progress(7, clock=0.0).line(0.0) == "0 of 7 images, 0 per second, 0 failed"
