# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""How large tasks are, how rows are collected, and what is said of a run that Ray ends; without Ray's processes."""

import logging
from types import SimpleNamespace

import pytest

from anomalib_scadn.deploy.distributed.actors import Workers
from anomalib_scadn.deploy.distributed.progress import Progress
from anomalib_scadn.deploy.distributed.remaining import without_done
from anomalib_scadn.deploy.distributed.run import (
    BLOCK,
    _collect,
    _ray_errors,
    block_size,
    score_many,
    task_size,
)
from anomalib_scadn.deploy.inspection.outcome import HEATMAPS, MAPS, OVERLAYS
from anomalib_scadn.deploy.inspection.score_parts import PARTS, PartWriter, parts_schema, read_rows

pa = pytest.importorskip("pyarrow")


def test_tasks_are_smaller_where_there_are_few_images():
    assert [task_size(images, actors=2) for images in (1, 80, 100_000)] == [1, 10, 64]


def test_tasks_out_of_shards_are_smaller_where_shards_are_few_and_small(tmp_path):
    small, large, absent = tmp_path / "s.tar", tmp_path / "l.tar", tmp_path / "a.tar"
    small.write_bytes(bytes(8000))
    with large.open("wb") as file:
        file.truncate(2**30)  # takes no room
    assert block_size([str(small)], actors=2) == 1000
    assert block_size([str(small), str(absent)], actors=1) == 2000
    assert block_size([str(large)], actors=2) == BLOCK
    assert block_size([str(absent)] * 8, actors=2) == BLOCK  # nobody looks
    assert block_size([], actors=2) == BLOCK


@pytest.mark.parametrize("name", [PARTS, HEATMAPS, OVERLAYS, MAPS])
def test_results_of_nobody_knows_which_run_are_refused(name, pictures, record, tmp_path):
    pytest.importorskip("ray")
    (tmp_path / "out" / name).mkdir(parents=True)
    with pytest.raises(ValueError, match=rf"holds {name} but no run\.json"):
        score_many(str(pictures(1)), tmp_path / "out", record, Workers(list))


def batches(*rows):
    """Stand in for a data set whose batches have a row each, a path and its error."""
    labels = {path: None if error else number % 4 // 2 for number, (path, error) in enumerate(rows)}
    cells = [{"path": path, "error": error, "pred_label": labels[path]} for path, error in rows]
    tables = [pa.Table.from_pylist([row], parts_schema()) for row in cells]
    return SimpleNamespace(iter_batches=lambda **_: (table for table in tables))


def test_the_error_of_a_shard_that_is_whole_now_goes(tmp_path):
    files = pa.table({"path": ["s.tar", "t.tar"], "bytes": [1, 1], "modified": [1, 1]})
    for rows, left in (
        ([("s.tar", "cut off"), ("t.tar", "cut off")], ["s.tar", "t.tar"]),
        ([("t.tar", "cut off"), ("s.tar/a.png", "broken")], ["t.tar", "s.tar/a.png"]),
        ([], ["s.tar/a.png"]),
    ):
        _collect(batches(*rows), PartWriter(tmp_path), Progress(None), without_done(files, tmp_path)[1])
        assert [row["path"] for row in read_rows(tmp_path, ["path"])] == left


TRACEBACK = """ray::MapWorker(MapBatches(ImageScorer)).submit() (pid=1)
  File "scorer.py", line 9, in __call__
    raise error
RuntimeError: an earlier one

  File "files.py", line 9, in write_whole
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TRACEBACK + "OSError: [Errno 28] No space left on device: 'a.png'", None),
        (TRACEBACK + "package.of.OwnError: bad\nimage: a.png", "package.of.OwnError: bad image: a.png"),
        ("The actor died.\nIts machine is gone.", "Its machine is gone."),
    ],
)
def test_a_run_that_ray_ends_says_so_in_one_line_and_nothing_else(text, told, capfd):
    exceptions = pytest.importorskip("ray.exceptions")

    def fail():
        with _ray_errors():
            logging.getLogger("ray.data.exceptions").error("a traceback")
            raise exceptions.RayTaskError("score", text, OSError("disk full"))

    with pytest.raises(RuntimeError) as raised:
        fail()
    told = told or text.splitlines()[-1]
    assert str(raised.value) == f"Ray ended the run: {told}; what was scored is written, run it again"
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("ray.data.exceptions").isEnabledFor(logging.ERROR)


def test_the_first_failed_images_are_named(tmp_path, caplog):
    rows = [(f"{number}.png", "broken" if number % 2 else "") for number in range(40)]
    shards = pa.table({"path": pa.array([], pa.string()), "failed": pa.array([], pa.bool_())})
    progress = Progress(40)
    with caplog.at_level(logging.WARNING):
        _collect(batches(*rows), PartWriter(tmp_path), progress, shards)
    assert [record.getMessage() for record in caplog.records] == [f"{n}.png failed: broken" for n in range(1, 20, 2)]
    assert (progress.done, progress.failed, progress.anomalous) == (40, 20, 10)
