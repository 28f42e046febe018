# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The actor's class, without Ray."""

import hashlib

import pytest
from PIL import Image

from anomalib_scadn.deploy.distributed.scorer import AHEAD, ImageScorer
from anomalib_scadn.deploy.distributed.shards import rows_schema
from anomalib_scadn.deploy.inspection.folder import score_folder
from anomalib_scadn.deploy.inspection.outcome import HEATMAPS, MAPS, OVERLAYS, Outputs
from anomalib_scadn.deploy.inspection.region_table import read_regions
from anomalib_scadn.deploy.inspection.score_parts import PartWriter, parts_schema
from anomalib_scadn.deploy.inspection.score_table import COLUMNS
from anomalib_scadn.files import PART

pa = pytest.importorskip("pyarrow")


@pytest.fixture
def scorer(tmp_path, bright):
    def make(folder, **outputs):
        options = Outputs(**{"pictures": "anomalous", **outputs})
        return ImageScorer(bright, str(folder), tmp_path / "out", options, "12ab")

    return make


def rows(*given):
    return pa.Table.from_pylist([row if isinstance(row, dict) else {"path": row} for row in given], rows_schema())


def test_rows_are_those_of_score_however_many_are_read_at_once(pictures, scorer, bright, record, plain_rows, tmp_path):
    folder = pictures(2 * AHEAD + 3)
    (folder / "a/broken.png").write_text("no image")
    score_folder(bright(), folder, tmp_path / "plain", record)
    expected = plain_rows(tmp_path / "plain")
    states = [{"path": row.path, "bytes": row.bytes, "modified": row.modified} for row in expected.values()]
    found = scorer(folder)(rows(*states))
    assert found.schema == parts_schema()
    assert found["path"].to_pylist() == list(expected)
    (tmp_path / "many").mkdir()
    PartWriter(tmp_path / "many").write([found])
    assert plain_rows(tmp_path / "many") == expected
    assert read_regions(tmp_path / "many") == read_regions(tmp_path / "plain")


def test_the_schema_has_the_columns_of_the_table_of_scores_and_two_more():
    assert tuple(parts_schema().names) == (*COLUMNS, "regions", "model_sha256")


def test_anomalous_images_alone_have_pictures_and_leave_no_parts_of_them(pictures, scorer, tmp_path):
    found = scorer(pictures(3))(rows("b/0.png", "a/1.png")).to_pylist()
    assert [bool(row["picture"]) for row in found] == [True, False]
    for kind in (HEATMAPS, OVERLAYS):
        (picture,) = (path for path in (tmp_path / "out" / kind).rglob("*") if path.is_file())
        assert picture.relative_to(tmp_path / "out" / kind).as_posix() == found[0]["picture"]
        with Image.open(picture) as image:
            assert image.size == (16, 12)
    assert [row["model_sha256"] for row in found] == ["12ab"] * 2


def test_a_map_is_written_where_another_actor_is_writing_one(pictures, scorer, tmp_path):
    folder = tmp_path / "out" / MAPS / hashlib.sha256(b"b/0.png").hexdigest()[:2]
    (folder / PART).mkdir(parents=True)  # cannot be written, as another's file must not be
    scorer(pictures(1), save_maps=True)(rows("b/0.png"))
    (found,) = folder.glob("*.tiff")
    with Image.open(found) as image:
        assert image.size == (16, 12)


def test_pictures_of_an_image_that_is_normal_now_go(pictures, scorer, tmp_path):
    folder = pictures(1)
    scorer(folder)(rows("b/0.png"))
    Image.new("L", (4, 4), 5).save(folder / "b/0.png")
    scorer(folder)(rows("b/0.png"))
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_content_that_comes_with_a_row_is_not_read_again(pictures, scorer, tmp_path):
    content = (pictures(1) / "b/0.png").read_bytes()
    found = scorer(tmp_path / "absent")(rows({"path": "s.tar/0.png", "content": content}, {"path": "s.tar/1.png"}))
    assert found["raw_score"].to_pylist() == [pytest.approx(200 / 255), None]
    location = tmp_path / "absent/s.tar/1.png"
    assert found["error"][1].as_py().startswith(f"cannot read {location}: expected an image file, found: [Errno 2]")


def test_the_error_of_a_row_stays_its_error(scorer, tmp_path):
    (row,) = scorer(tmp_path)(rows({"path": "s.tar", "error": "cut off"})).to_pylist()
    assert (row["path"], row["error"], row["raw_score"]) == ("s.tar", "cut off", None)


def test_errors_of_damaged_bytes_name_the_file_and_no_object(pictures, scorer, tmp_path):
    (row,) = scorer(tmp_path)(rows({"path": "a.png", "content": b"no image"})).to_pylist()
    name = tmp_path / "a.png"
    assert row["error"] == f"cannot read {name}: expected an image file, found: cannot identify image file '{name}'"


def test_a_folder_that_cannot_be_written_ends_the_work(pictures, scorer, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OSError, match="out"):
        scorer(pictures(1))(rows("b/0.png"))
