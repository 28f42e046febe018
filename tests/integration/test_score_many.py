# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""``score-many`` on a Ray of its own: the scores of ``score``, a killed actor, storage in a network, refusals."""

import io
import json
import logging
import os
import signal
import tarfile
import tempfile
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from anomalib.engine import Engine
from PIL import Image

from anomalib_scadn import Scadn, SyntheticLace
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.deploy.distributed import session
from anomalib_scadn.deploy.distributed.actors import Workers
from anomalib_scadn.deploy.distributed.run import score_many
from anomalib_scadn.deploy.inspection.outcome import HEATMAPS, Outputs
from anomalib_scadn.deploy.inspection.region_table import read_regions
from anomalib_scadn.deploy.inspection.run_record import describe_run
from anomalib_scadn.deploy.inspection.score_parts import PARTS
from anomalib_scadn.deploy.inspection.score_table import read_scores
from command_line import run

pytest.importorskip("ray")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

COUNT = 60


def processes_with(mark):
    """List the processes that have a text among their environment, zombies and this one left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (path / "environ").read_bytes() and int(path.name) != os.getpid():
                found.append((path / "cmdline").read_bytes())
    return found


@pytest.fixture(scope="module")
def bucket():
    """S3 on loopback, told to Ray's processes too."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    known = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**known, "AWS_ENDPOINT_URL": f"http://{host}:{port}", "no_proxy": host}.items():
            patch.setenv(name, value)
        import boto3

        client = boto3.client("s3")
        client.create_bucket(Bucket="plant")
        yield lambda key, content: client.put_object(Bucket="plant", Key=key, Body=content)
        server.stop()


@pytest.fixture(scope="module")
def ray_here(bucket):
    """Ray for all tests here; neither processes nor files of it stay behind."""
    mark = uuid.uuid4().hex
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(dir=session.SOCKETS) as folder:
        patch.setattr(session, "SOCKETS", folder)
        patch.setenv("SCADN_TEST_MARK", mark)
        with session.ray_session(cpus=2):
            yield
        assert list(Path(folder).iterdir()) == []
    if Path("/proc/self/environ").is_file():
        deadline = time.monotonic() + 60
        while processes_with(mark.encode()) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert processes_with(mark.encode()) == []
    assert "RAY_USAGE_STATS_ENABLED" not in os.environ


@pytest.fixture(scope="module")
def model(lace_root, tmp_path_factory):
    """Checkpoint of a model that was validated."""
    folder = tmp_path_factory.mktemp("model")
    lace = SyntheticLace(root=lace_root, image_size=32, num_train=8, num_test_good=2, num_test_defect=1, num_workers=0)
    scadn = Scadn(image_size=32, base_channels=2, residual_blocks=1, stripes=(4,), seed=0, visualizer=False)
    options = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "default_root_dir": folder}
    engine = Engine(max_epochs=1, **options)
    engine.fit(scadn, datamodule=lace)
    return Path(engine.best_model_path)


def encode(generator, number):
    content = io.BytesIO()
    noise = generator.integers(0, 256, (32 + number % 3, 40, 3), dtype=np.uint8)
    Image.fromarray(noise // (1 + number % 4)).save(content, format="png")
    return content.getvalue()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Folder of sixty images, one of them broken."""
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    for number in range(COUNT):
        path = folder / ("good" if number % 2 else "bad") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode(generator, number))
    (folder / "bad/50.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def scored(model, pictures, tmp_path_factory):
    """What ``score`` says of the folder."""
    folder = tmp_path_factory.mktemp("scored") / "out"
    assert run("score", "--model", model, "--input", pictures, "--output", folder, "--pictures", "none") == 1
    return folder


def rows(folder):
    """Rows by path, without what differs from run to run."""
    return {row.path: replace(row, seconds=0.0, picture="") for row in read_scores(folder)}


def dying_load(model, flag):
    """Make a loader of a model whose first process dies of an image in the middle, as ``kill -9`` ends it."""

    def load():
        class Dying(StripedMaskInferencer):
            def predict_many(self, images, **options):
                for image in images:
                    if image.name.endswith("30.png") and not flag.exists():
                        flag.touch()
                        os.kill(os.getpid(), signal.SIGKILL)
                    yield from super().predict_many([image], **options)

        return Dying(model)

    return load


def test_a_killed_actor_loses_and_doubles_nothing_and_a_second_run_scores_what_failed(
    ray_here, model, pictures, scored, tmp_path, capsys
):
    flag, out = tmp_path / "killed", tmp_path / "out"
    workers = Workers(dying_load(model, flag), actors=2)
    found = score_many(str(pictures), out, describe_run(model), workers, Outputs(pictures="anomalous"))
    assert flag.exists()
    assert (found.done, found.failed) == (COUNT, 1)
    assert found.anomalous == sum(row.pred_label or 0 for row in rows(scored).values())
    written = pa.concat_tables([pq.read_table(part) for part in (out / PARTS).iterdir()])
    assert sorted(written["path"].to_pylist()) == sorted(rows(scored))
    expected = rows(scored)
    # One says the path as it was given, the other the whole path.
    assert "cannot read" in expected.pop("bad/50.png").error
    assert "cannot read" in rows(out)["bad/50.png"].error
    assert {path: row for path, row in rows(out).items() if path in expected} == expected
    assert any(row.pred_label for row in expected.values())
    assert read_regions(out) == read_regions(scored)

    (pictures / "bad/50.png").write_bytes((pictures / "bad/0.png").read_bytes())
    again = ("score-many", "--model", model, "--input", pictures, "--output", out, "--actors", 1)
    capsys.readouterr()
    assert run(*again) == 0
    # The mended image is anomalous or not as its double is.
    label = rows(out)["bad/0.png"].pred_label
    assert capsys.readouterr().out == f"1 images, {label} anomalous, 0 failed; results are in {out}\n"
    assert len(rows(out)) == COUNT
    assert rows(out)["bad/50.png"].raw_score == rows(out)["bad/0.png"].raw_score
    assert run(*again) == 0
    assert capsys.readouterr().out == f"0 images, 0 anomalous, 0 failed; results are in {out}\n"

    assert run("threshold", out) == 0
    assert "from 30 good images" in capsys.readouterr().out
    assert run("report", out) == 0
    assert (out / "report.html").stat().st_size > 10_000


def test_a_run_that_fails_says_why_in_one_line(ray_here, model, pictures, tmp_path, capfd):
    record = describe_run(model)
    (tmp_path / HEATMAPS).write_text("a file, where a folder of pictures belongs")
    outputs = Outputs(pictures="all")
    known = {**record, **outputs.description, "input": str(pictures / "good"), "table": "parquet"}
    (tmp_path / "run.json").write_text(json.dumps(known))
    arguments = ("--input", pictures / "good", "--output", tmp_path, "--pictures", "all", "--actors", 1)
    capfd.readouterr()
    assert run("score-many", "--model", model, *arguments) == 2
    (line,) = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("Scor")]
    assert line.startswith("error: Ray ended the run: ")
    assert str(tmp_path / HEATMAPS) in line


def test_images_and_shards_in_storage_are_scored_as_files_are(ray_here, bucket, model, pictures, scored, tmp_path):
    expected = rows(scored)
    shard = io.BytesIO()
    with tarfile.open(fileobj=shard, mode="w") as archive:
        for name in ("bad/2.png", "good/3.png"):
            archive.add(pictures / name, arcname=f"./{name}")
    bucket("lace/shard.tar", shard.getvalue())
    bucket("lace/good/1.png", (pictures / "good/1.png").read_bytes())
    paths = ["lace/good/1.png", "lace/shard.tar", "lace/absent.png", str(pictures / "good/5.png")]
    content = pa.BufferOutputStream()
    pq.write_table(pa.table({"path": paths}), content)
    bucket("manifest.parquet", content.getvalue().to_pybytes())
    options = ("--actors", 1, "--pictures", "none")
    status = run(
        "score-many", "--model", model, "--input", "s3://plant/manifest.parquet", "--output", tmp_path, *options
    )
    assert status == 1
    found = {row.path: row for row in read_scores(tmp_path)}
    same = {"lace/good/1.png": "good/1.png", "lace/shard.tar/bad/2.png": "bad/2.png"}
    same |= {"lace/shard.tar/good/3.png": "good/3.png", paths[3]: "good/5.png"}
    assert found.keys() == {*same, "lace/absent.png"}
    assert {path: found[path].raw_score for path in same} == {
        path: expected[name].raw_score for path, name in same.items()
    }
    assert found["lace/absent.png"].error.startswith("cannot read s3://plant/lace/absent.png: ")


def test_another_model_or_other_options_are_refused(model, pictures, tmp_path, capsys):
    out = tmp_path / "out"
    record = {**describe_run(model), **Outputs(pictures="anomalous").description}
    record |= {"input": str(pictures), "table": "parquet"}
    out.mkdir()
    arguments = ("--model", model, "--input", pictures, "--output", out)
    for change, message in (
        ({"files": [{**record["files"][0], "sha256": "0" * 64}]}, "the model was model.ckpt (SHA-256 000000000000...)"),
        ({"min_area": 2}, "min_area was 2, now 1"),
    ):
        (out / "run.json").write_text(json.dumps({**record, **change}))
        assert run("score-many", *arguments) == 2
        assert f"holds results of another run: {message}" in capsys.readouterr().err
    (out / "run.json").write_text(json.dumps(record))
    assert run("score", *arguments, "--pictures", "anomalous") == 2
    assert "the command was score-many, now score" in capsys.readouterr().err
    assert not (out / PARTS).exists()


def test_bad_sources_and_a_missing_ray_are_told_in_one_line(model, pictures, tmp_path, monkeypatch, capsys):
    manifest = tmp_path / "m.parquet"
    pq.write_table(pa.table({"file": ["a.png"]}), manifest)
    arguments = ("score-many", "--model", model, "--output", tmp_path / "out", "--input")
    for source, message in (
        (manifest, f"{manifest} must be a Parquet file with a column path, its columns are: file"),
        (tmp_path / "absent", f"no such folder or image: {tmp_path / 'absent'}"),
    ):
        assert run(*arguments, source) == 2
        assert message in capsys.readouterr().err
    assert run(*arguments, tmp_path) == 2
    assert "must not lie in the input" in capsys.readouterr().err
    assert run(*arguments, pictures, "--threads", 0) == 2
    assert "threads must be a whole number, at least 1, got 0" in capsys.readouterr().err
    monkeypatch.setattr("anomalib_scadn.checks.find_spec", lambda package: None)
    assert run(*arguments, pictures) == 2
    assert capsys.readouterr().err == (
        "error: score-many needs ray, which is not installed: install anomalib-scadn with the extra [distributed]\n"
    )
    assert not (tmp_path / "out").exists()
