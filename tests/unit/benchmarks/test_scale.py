# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What scoring on Ray costs, without Ray."""

import os
import subprocess
import sys

import pytest

import provenance
from anomalib_scadn.deploy.distributed.scorer import ImageScorer
from anomalib_scadn.deploy.distributed.shards import rows_schema
from anomalib_scadn.deploy.inspection.outcome import Outputs
from tables import simulated_table, throughput_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
scale = pytest.importorskip("scale")


def test_a_list_of_paths_has_as_many_different_ones_that_all_lead_to_an_image(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "FILES", 3)
    paths = pq.read_table(scale.make_paths(tmp_path, 8))["path"].to_pylist()
    assert len(set(paths)) == 8
    assert all((tmp_path / path).is_file() for path in paths)


def test_a_sleeping_model_stands_in_for_an_inferencer_in_an_actor(tmp_path):
    (path,) = pq.read_table(scale.make_paths(tmp_path, 1))["path"].to_pylist()
    scorer = ImageScorer(scale.sleeping(0.0), str(tmp_path), tmp_path / "out", Outputs(pictures="all"), "12ab")
    found = scorer(pa.Table.from_pylist([{"path": path}], rows_schema())).to_pylist()
    assert [(row["path"], row["error"], row["raw_score"]) for row in found] == [(path, "", 0.5)]


def test_images_of_the_first_tasks_are_not_counted():
    assert scale.after_first(1000, 2) == 1000 - 2 * 64
    assert scale.after_first(80, 2) == 60


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells a process's share")
def test_the_memory_of_what_a_process_starts_is_counted(monkeypatch):
    monkeypatch.setattr(provenance, "PERIOD", 0.01)
    with provenance.memory_of_all() as samples:
        command = "x = bytearray(64 * 2**20); input()"
        with subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE) as child:
            mark = os.environ[provenance.MARK]
            while max(map(provenance.own_memory, provenance.started_with(mark)), default=0) < 64:
                assert child.poll() is None
            child.communicate(b"\n")
    assert samples
    assert provenance.MARK not in os.environ


def test_tables_show_core_hours_and_memory():
    row = {"command": "score-many", "actors": 2, "image_size": 128, "start_s": 20.0, "per_second": 10.0}
    header, rows = throughput_table({"throughput": [row]})
    assert dict(zip(header, rows[0], strict=True))["core hours per million"] == "55.6"
    counted = {"images": 1000, "rows": 1000, "doubled": 0, "failed": 0}
    counted |= {"seconds": 0.03, "start_s": 20.0, "image_ms": 15.678}
    memory = {"driver_peak_mib": 900.0, "all_first_half_mib": 2000.0, "all_second_half_mib": 2001.0}
    header, rows = simulated_table({"simulated": [{**counted, **memory}]})
    assert rows[0][:2] == ["1,000", "1,000"]
    assert rows[0][-1] == "2001 MiB"
    assert rows[0][4:7] == ["20 s", "30 ms", "15.68 ms"]
    assert simulated_table({}) == (header, [])
