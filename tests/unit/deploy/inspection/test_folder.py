# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import csv
import json
import math
import multiprocessing
import os
import signal
import time
from dataclasses import astuple, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from anomalib_scadn.data.image_files import find_images
from anomalib_scadn.deploy.inspection.folder import score_folder
from anomalib_scadn.deploy.inspection.outcome import Outputs
from anomalib_scadn.deploy.inspection.pictures import CONTOUR_COLOUR, draw_heatmap, draw_overlay
from anomalib_scadn.deploy.inspection.run_record import claim_folder, describe_run
from anomalib_scadn.deploy.inspection.score_table import GONE, FileState, ScoreRow, ScoreTable
from anomalib_scadn.deploy.inspection.threshold import Threshold

RECORD = {"version": "1", "files": [{"name": "m.onnx", "size": 1, "sha256": "ab" * 32}], "tile": None, "overlap": None}

ROW = ScoreRow("a", 0.1, 0.2, 0, None, 16, 8, "a.png", 0.5, 7, 8)


def rows_of(folder):
    with (folder / "scores.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_is_scored(pictures, tmp_path, fake_inferencer):
    out = tmp_path / "out"
    assert score_folder(fake_inferencer(), pictures, out, RECORD) == 0
    rows = rows_of(out)
    assert [row["path"] for row in rows] == ["2.png", "10.jpg", "a/b.png", "a/c.tif"]
    assert [float(row["raw_score"]) for row in rows] == [60, 90, 120, 200]
    assert [float(row["pred_score"]) for row in rows] == [value / 255 for value in (60, 90, 120, 200)]
    assert [row["pred_label"] for row in rows] == ["0", "0", "0", "1"]
    assert {row["selected_scale"] for row in rows} == {"3"}
    assert {row["error"] for row in rows} == {""}
    assert all(float(row["seconds"]) >= 0 for row in rows)
    names = ["10.png", "2.png", "a/b.png", "a/c.png"]
    assert files_of(out) == [
        ".lock",
        *(f"heatmaps/{name}" for name in names),
        *(f"overlays/{name}" for name in names),
        "regions.csv",
        "regions.json",
        "run.json",
        "scores.csv",
    ]
    with Image.open(out / "overlays/a/c.png") as overlay, Image.open(out / "heatmaps/a/c.png") as heatmap:
        assert (overlay.size, overlay.mode) == (heatmap.size, heatmap.mode) == ((23, 10), "RGB")


def test_maps_of_another_size_are_drawn_at_the_images(pictures, tmp_path, fake_inferencer):
    score_folder(fake_inferencer(shrink=2), pictures, tmp_path / "out", RECORD)
    with Image.open(tmp_path / "out/overlays/a/c.png") as overlay:
        assert overlay.size == (23, 10)


def test_nothing_is_scored_twice(pictures, tmp_path, fake_inferencer):
    out = tmp_path / "out"
    score_folder(fake_inferencer(), pictures, out, RECORD)
    before = (out / "scores.csv").read_bytes()
    Image.new("L", (8, 8), 5).save(pictures / "new.png")
    second = fake_inferencer()
    assert score_folder(second, pictures, out, RECORD) == 0
    assert second.seen == [pictures / "new.png"]
    assert (out / "scores.csv").read_bytes().startswith(before)
    assert len(rows_of(out)) == 5


def test_a_replaced_image_is_scored_again_and_a_removed_one_is_marked(pictures, tmp_path, fake_inferencer):
    out = tmp_path / "out"
    score_folder(fake_inferencer(), pictures, out, RECORD)
    Image.new("L", (20, 10), 250).save(pictures / "2.png")
    (pictures / "a/c.tif").unlink()
    second = fake_inferencer()
    assert score_folder(second, pictures, out, RECORD) == 0
    assert second.seen == [pictures / "2.png"]
    rows = {row["path"]: row for row in rows_of(out)}
    assert (rows["2.png"]["raw_score"], rows["2.png"]["pred_label"]) == ("250.0", "1")
    assert (rows["a/c.tif"]["raw_score"], rows["a/c.tif"]["error"]) == ("200.0", GONE)
    assert len(rows) == 4
    with (out / "regions.csv").open(encoding="utf-8") as file:
        assert [row["path"] for row in csv.DictReader(file)] == ["a/c.tif", "2.png"]
    assert score_folder(fake_inferencer(), pictures, out, RECORD) == 0
    assert {row["path"]: row for row in rows_of(out)} == rows


def test_regions_of_images_that_are_gone_are_not_for_annotation_tools(pictures, tmp_path, fake_inferencer):
    out = tmp_path / "out"
    score_folder(fake_inferencer(), pictures, out, RECORD)
    (pictures / "a/c.tif").unlink()
    score_folder(fake_inferencer(), pictures, out, RECORD)
    content = json.loads((out / "regions.json").read_text())
    assert [image["file_name"] for image in content["images"]] == ["2.png", "10.jpg", "a/b.png"]
    assert content["annotations"] == []


def test_a_ragged_region_does_not_make_its_table_unreadable(tmp_path, fake_inferencer):
    noise = np.where(np.random.default_rng(0).random((700, 700)) < 0.42, 200, 10).astype(np.uint8)
    (tmp_path / "in").mkdir()
    Image.fromarray(noise).save(tmp_path / "in/a.png")
    for _ in range(2):
        options = Outputs(min_area=10_000, pictures="none")
        assert score_folder(fake_inferencer(), tmp_path / "in", tmp_path / "out", RECORD, options) == 0
    (region,) = json.loads((tmp_path / "out/regions.json").read_text())["annotations"]
    assert max(map(len, (tmp_path / "out/regions.csv").read_text().splitlines())) > csv.field_size_limit()
    assert region["area"] > 10_000


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_score_that_is_not_finite_is_an_error(pictures, tmp_path, fake_inferencer, value):
    class Lost(fake_inferencer):
        def predict_many(self, images, **options):
            for path, result in super().predict_many(images):
                yield path, replace(result, raw_score=value)

    assert score_folder(Lost(), pictures, tmp_path / "out", RECORD) == 4
    assert rows_of(tmp_path / "out")[0]["error"] == f"{pictures / '2.png'} must have a finite score, got {value}"


def test_what_is_ignored_is_left_out_to_the_pixel(tmp_path, fake_inferencer):
    class Coarse(fake_inferencer):
        ignored = np.arange(16)[:, None] // 5 == np.zeros(16)  # the first five rows, which no coarser map has

    (tmp_path / "in").mkdir()
    pixels = np.full((16, 16), 200, dtype=np.uint8)
    pixels[8:] = 20
    Image.fromarray(pixels).save(tmp_path / "in/a.png")
    score_folder(
        Coarse(shrink=4), tmp_path / "in", tmp_path / "out", RECORD, Outputs(Threshold("raw", 1), save_maps=True)
    )
    row = next(csv.DictReader((tmp_path / "out/regions.csv").open(newline="")))
    assert (row["y"], row["height"]) == ("5", "3")
    assert set(np.asarray(Image.open(tmp_path / "out/maps/a.tiff"))[:5].ravel()) == {round(20 / 255 * 65535)}


def test_seconds_of_a_batch_are_shared_among_its_rows(pictures, tmp_path, fake_inferencer):
    class Slow(fake_inferencer):
        batch_size = 3

        def predict_many(self, images, **options):
            time.sleep(0.03 * len(images))
            return super().predict_many(images)

    score_folder(Slow(), pictures, tmp_path / "out", RECORD)
    assert all(float(row["seconds"]) >= 0.03 for row in rows_of(tmp_path / "out"))


def test_labels_come_from_the_threshold_that_was_given(pictures, tmp_path, fake_inferencer):
    for number, threshold in enumerate([Threshold("raw", 89.9), Threshold("normalized", 90 / 255)]):
        out = tmp_path / str(number)
        score_folder(fake_inferencer(), pictures, out, RECORD, Outputs(threshold=threshold))
        assert [row["pred_label"] for row in rows_of(out)] == ["0", str(1 - number), "1", "1"]
    with pytest.raises(ValueError, match=r"threshold was normalized:0\.35\d*, now not given"):
        score_folder(fake_inferencer(), pictures, out, RECORD)


@pytest.mark.parametrize(("kind", "drawn"), [("all", 4), ("anomalous", 1), ("none", 0)])
def test_as_many_pictures_are_drawn_as_asked_for(pictures, tmp_path, fake_inferencer, kind, drawn):
    out = tmp_path / "out"
    score_folder(fake_inferencer(), pictures, out, RECORD, Outputs(pictures=kind, save_maps=True))
    assert len(find_pictures(out / "heatmaps")) == len(find_pictures(out / "overlays")) == drawn
    with Image.open(out / "maps/a/c.tiff") as saved:
        assert (saved.mode, saved.size) == ("I;16", (23, 10))
        assert np.array_equal(np.asarray(saved), np.full((10, 23), round(200 / 255 * 65535)))


def test_pictures_of_an_image_that_was_replaced_do_not_stay(pictures, tmp_path, fake_inferencer):
    out, options = tmp_path / "out", Outputs(pictures="anomalous")
    score_folder(fake_inferencer(), pictures, out, RECORD, options)
    assert len(find_pictures(out)) == 2
    Image.new("L", (23, 10), 5).save(pictures / "a/c.tif")
    score_folder(fake_inferencer(), pictures, out, RECORD, options)
    assert find_pictures(out) == []


def find_pictures(folder):
    return sorted(folder.rglob("*.png"))


def test_impossible_outputs_are_refused():
    with pytest.raises(ValueError, match="min_area must be a whole number, at least 1, got 0"):
        Outputs(min_area=0)
    with pytest.raises(ValueError, match="pictures must be one of all, anomalous, none, got some"):
        Outputs(pictures="some")


def test_regions_are_written_for_anomalous_images_in_pixels_of_the_image(tmp_path, fake_inferencer):
    pixels = np.full((40, 60), 10, dtype=np.uint8)
    pixels[4:8, 10:30], pixels[20:24, 40:44], pixels[30, 2] = 200, 250, 255
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels).save(tmp_path / "in/a.png")
    Image.fromarray(np.full_like(pixels, 10)).save(tmp_path / "in/calm.png")
    out = tmp_path / "out"
    score_folder(fake_inferencer(), tmp_path / "in", out, RECORD, Outputs(min_area=2))
    content = json.loads((out / "regions.json").read_text())
    assert [(image["file_name"], image["width"], image["height"]) for image in content["images"]] == [
        ("a.png", 60, 40),
        ("calm.png", 60, 40),
    ]
    assert [one["bbox"] for one in content["annotations"]] == [[40, 20, 4, 4], [10, 4, 20, 4]]
    assert [one["area"] for one in content["annotations"]] == [16, 80]
    assert [one["score"] for one in content["annotations"]] == [round(value / 255, 6) for value in (250, 200)]
    assert {one["image_id"] for one in content["annotations"]} == {1}
    with (out / "regions.csv").open(encoding="utf-8") as file:
        assert [row["centroid_x"] for row in csv.DictReader(file)] == ["42.0", "20.0"]


def test_a_corrupt_image_is_a_row_and_tried_again(pictures, tmp_path, fake_inferencer):
    out = tmp_path / "out"
    (pictures / "10.jpg").write_text("no image")
    assert score_folder(fake_inferencer(), pictures, out, RECORD) == 1
    row = rows_of(out)[1]
    assert row["path"] == "10.jpg"
    assert f"cannot read {pictures / '10.jpg'}: expected an image file, found" in row["error"]
    assert (row["pred_score"], row["raw_score"], row["pred_label"], row["selected_scale"]) == ("", "", "", "")
    assert len(rows_of(out)) == 4
    assert not (out / "heatmaps/10.png").exists()
    assert score_folder(fake_inferencer(), pictures, out, RECORD) == 1
    Image.new("L", (8, 8), 5).save(pictures / "10.jpg")
    last = fake_inferencer()
    assert score_folder(last, pictures, out, RECORD) == 0
    assert last.seen == [pictures / "10.jpg"]
    assert sorted(row["path"] for row in rows_of(out)) == ["10.jpg", "2.png", "a/b.png", "a/c.tif"]


def test_an_image_that_cannot_be_drawn_is_a_row(pictures, tmp_path, fake_inferencer):
    class Forgetful(fake_inferencer):
        def predict_many(self, images, **options):
            for path, result in super().predict_many(images):
                path.unlink()
                yield path, result

    assert score_folder(Forgetful(), pictures, tmp_path / "out", RECORD) == 4
    assert all("no such image" in row["error"] for row in rows_of(tmp_path / "out"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked to be killed")
def test_a_killed_run_goes_on(pictures, tmp_path, fake_inferencer):
    out = tmp_path / "out"

    class Killed(fake_inferencer):
        def predict_many(self, images, **options):
            if len(self.seen) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().predict_many(images)

    process = multiprocessing.get_context("fork").Process(target=score_folder, args=(Killed(), pictures, out, RECORD))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert [row["path"] for row in rows_of(out)] == ["2.png", "10.jpg"]
    second = fake_inferencer()
    assert score_folder(second, pictures, out, RECORD) == 0
    assert second.seen == [pictures / "a/b.png", pictures / "a/c.tif"]
    assert len(rows_of(out)) == 4


def test_a_row_follows_its_pictures(pictures, tmp_path, fake_inferencer):
    out = tmp_path / "out"

    class Watching(fake_inferencer):
        def predict_many(self, images, **options):
            for pair in super().predict_many(images):
                rows = rows_of(out)
                names = [Path(row["path"]).with_suffix(".png") for row in rows]
                assert all((out / kind / name).is_file() for kind in ("heatmaps", "overlays") for name in names)
                assert len(rows) == len(self.seen) - 1
                yield pair

    assert score_folder(Watching(), pictures, out, RECORD) == 0


@pytest.mark.parametrize("cut", range(1, 30, 3))
def test_a_half_written_row_is_repaired(pictures, tmp_path, fake_inferencer, cut):
    out = tmp_path / "out"
    score_folder(fake_inferencer(), pictures, out, RECORD)
    table = out / "scores.csv"
    whole = table.read_bytes()
    table.write_bytes(whole[:-cut])
    second = fake_inferencer()
    assert score_folder(second, pictures, out, RECORD) == 0
    assert second.seen == [pictures / "a/c.tif"]
    assert table.read_bytes().startswith(whole[: whole.rindex(b"a/c.tif")])
    assert [row["path"] for row in rows_of(out)] == ["2.png", "10.jpg", "a/b.png", "a/c.tif"]


@pytest.mark.parametrize("name", ["a,b.png", 'a"b.png', "zwölf.png", "two\nlines.png", "car\rriage.png", "\udcff.png"])
def test_odd_names_survive_the_table(tmp_path, name):
    path = tmp_path / "scores.csv"
    states = {name: FileState(7, 8)}
    for _ in range(2):
        table = ScoreTable(path, states)
        done = table.done
        if not done:
            table.append([astuple(replace(ROW, path=name))])
        table.close()
    assert done == {name}
    path.write_bytes(path.read_bytes() + b'"cut\n')
    table = ScoreTable(path, states)
    table.close()
    assert table.done == {name}


def test_zeros_after_a_power_cut_are_repaired(tmp_path):
    path = tmp_path / "scores.csv"
    table = ScoreTable(path, {"a": FileState(7, 8)})
    table.append([astuple(ROW)])
    table.close()
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(100))
    ScoreTable(path, {"a": FileState(7, 8)}).close()
    assert path.read_bytes() == whole


def test_a_file_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("name,value\na,1\n")
    with pytest.raises(ValueError, match=f"cannot read {path}: expected a table with columns path,pred_score"):
        ScoreTable(path, {})
    assert path.read_text() == "name,value\na,1\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tile": 512, "overlap": 64}, "overlap was not given, now 64"),
        (
            {"files": [{"name": "m.onnx", "size": 1, "sha256": "cd" * 32}]},
            r"the model was m.onnx \(SHA-256 ababab",
        ),
        ({"version": "2"}, "version was 1, now 2"),
        ({"table": "parquet", "pictures": "anomalous"}, "the command was score, now score-many"),
        (
            {"ignore_mask": {"name": "m.png", "size": 1, "sha256": "cd" * 32}},
            r"ignore_mask was not given, now m.png \(SHA-256 cdcd",
        ),
    ],
)
def test_results_of_another_run_are_refused(pictures, tmp_path, fake_inferencer, change, message):
    out = tmp_path / "out"
    score_folder(fake_inferencer(), pictures, out, RECORD)
    with pytest.raises(ValueError, match=f"{out} holds results of another run: {message}"):
        score_folder(fake_inferencer(), pictures, out, {**RECORD, **change})


def test_a_run_that_fails_before_its_first_result_keeps_no_other_run_out(tmp_path):
    with pytest.raises(ConnectionError), claim_folder(tmp_path, RECORD, ("scores",)):
        raise ConnectionError
    with claim_folder(tmp_path, {**RECORD, "tile": 64}, ("scores",)):
        (tmp_path / "scores").touch()
    with pytest.raises(ValueError, match="tile was 64"), claim_folder(tmp_path, RECORD, ("scores",)):
        pass


def test_results_of_another_input_are_refused(pictures, tmp_path, fake_inferencer):
    score_folder(fake_inferencer(), pictures, tmp_path / "out", RECORD)
    with pytest.raises(ValueError, match="holds results of another run: input was"):
        score_folder(fake_inferencer(), pictures / "a", tmp_path / "out", RECORD)


def test_a_file_in_place_of_the_output_folder_is_refused(pictures, tmp_path, fake_inferencer):
    out = tmp_path / "out"
    out.write_text("mine")
    with pytest.raises(ValueError, match=r"expected a folder to write results into, got the file .*out"):
        score_folder(fake_inferencer(), pictures, out, RECORD)
    assert out.read_text() == "mine"


def test_results_of_an_unknown_run_are_refused(pictures, tmp_path, fake_inferencer):
    (tmp_path / "out/heatmaps").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"holds heatmaps but no run\.json"):
        score_folder(fake_inferencer(), pictures, tmp_path / "out", RECORD)


@pytest.mark.parametrize("content", ["{", "[]", "\udc00"])
def test_a_broken_record_is_refused(pictures, tmp_path, fake_inferencer, content):
    (tmp_path / "run.json").write_text(content, errors="surrogatepass")
    with pytest.raises(ValueError, match=f"cannot read {tmp_path / 'run.json'}: expected the record of a run"):
        score_folder(fake_inferencer(), pictures, tmp_path, RECORD)


def test_output_in_input_and_missing_images_are_refused(pictures, tmp_path, fake_inferencer):
    with pytest.raises(ValueError, match="must not lie in the input"):
        score_folder(fake_inferencer(), pictures, pictures / "out", RECORD)
    with pytest.raises(FileNotFoundError, match=r"input folder not found: .*nowhere"):
        score_folder(fake_inferencer(), tmp_path / "nowhere", tmp_path / "out", RECORD)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"empty holds no image"):
        score_folder(fake_inferencer(), tmp_path / "empty", tmp_path / "out", RECORD)
    assert not (tmp_path / "out").exists()
    (tmp_path / "a.png").touch()
    with pytest.raises(FileNotFoundError, match=r"input is a file: .*a\.png; expected a folder"):
        score_folder(fake_inferencer(), tmp_path / "a.png", tmp_path / "out", RECORD)


def test_progress_counts_what_is_done_already(pictures, tmp_path, fake_inferencer, capsys):
    score_folder(fake_inferencer(), pictures, tmp_path / "out", RECORD, progress=True)
    assert "0/4" in capsys.readouterr().err
    score_folder(fake_inferencer(), pictures, tmp_path / "out", RECORD, progress=True)
    assert "4/4" in capsys.readouterr().err


def test_hidden_files_and_folders_are_no_images(pictures):
    for name in (".hidden.png", ".cache/a.png", "notes.txt"):
        (pictures / name).parent.mkdir(exist_ok=True)
        (pictures / name).touch()
    assert [path.relative_to(pictures).as_posix() for path in find_images(pictures)] == [
        "2.png",
        "10.jpg",
        "a/b.png",
        "a/c.tif",
    ]


def test_a_record_covers_the_files_that_hold_the_weights(tmp_path):
    for name in ("m.xml", "m.bin", "n.onnx.data", "m.ckpt"):
        (tmp_path / name).write_text(name)
    # What a tensor says about weights outside of it: key and value of an entry, each with its length before it.
    (tmp_path / "n.onnx").write_bytes(b"graph\x0a\x08location\x12\x0bn.onnx.datamore")
    record = describe_run(tmp_path / "m.ckpt")
    assert [entry["name"] for entry in record["files"]] == ["m.ckpt"]
    record = describe_run(tmp_path / "m.xml", None, 64)
    assert [entry["name"] for entry in record["files"]] == ["m.xml", "m.bin"]
    assert (record["tile"], record["overlap"]) == (None, None)
    (tmp_path / "m.score.safetensors").write_text("reference values")
    assert describe_run(tmp_path / "m.xml")["files"][2]["name"] == "m.score.safetensors"
    record = describe_run(tmp_path / "n.onnx", 512, 64)
    assert [entry["name"] for entry in record["files"]] == ["n.onnx", "n.onnx.data"]
    assert (record["tile"], record["overlap"]) == (512, 64)
    (tmp_path / "n.onnx.data").write_text("other weights")
    assert describe_run(tmp_path / "n.onnx", 512, 64) != record
    assert (record["precision"], describe_run(tmp_path / "m.ckpt", precision="bf16")["precision"]) == ("f32", "bf16")
    assert json.loads(json.dumps(record)) == record


def test_two_runs_into_one_folder_at_once_are_refused(pictures, tmp_path, fake_inferencer):
    out = tmp_path / "out"
    first = fake_inferencer()
    many = first.predict_many
    refused = []

    def predict_many(images):
        for pair in many(images):
            with pytest.raises(BlockingIOError, match=f"another run is writing into {out}; wait until it has ended"):
                score_folder(fake_inferencer(), pictures, out, RECORD)
            refused.append(pair[0])
            yield pair

    first.predict_many = predict_many
    assert score_folder(first, pictures, out, RECORD) == 0
    assert len(refused) == len(rows_of(out)) == 4
    # That a killed run keeps nobody out is shown above.
    assert score_folder(fake_inferencer(), pictures, out, RECORD) == 0


@pytest.mark.skipif(os.name == "nt", reason="names end sooner")
@pytest.mark.parametrize("options", [{"save_maps": True}, {"pictures": "none"}])
def test_the_longest_name_of_a_file_has_room_for_its_pictures(tmp_path, fake_inferencer, options):
    (tmp_path / "in").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "in" / ("x" * 251 + ".png"))
    assert score_folder(fake_inferencer(), tmp_path / "in", tmp_path / "out", RECORD, Outputs(**options)) == 0
    assert len(find_pictures(tmp_path / "out")) == (2 if "save_maps" in options else 0)


def test_a_folder_called_like_the_picture_of_an_image_keeps_both(tmp_path, fake_inferencer):
    for name in ("in/x.jpg", "in/x.png/y.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        Image.new("L", (8, 8)).save(tmp_path / name)
    assert score_folder(fake_inferencer(), tmp_path / "in", tmp_path / "out", RECORD) == 0
    assert all((tmp_path / "out/overlays" / row["picture"]).is_file() for row in rows_of(tmp_path / "out"))


def test_a_renamed_model_goes_on(pictures, tmp_path, fake_inferencer):
    score_folder(fake_inferencer(), pictures, tmp_path / "out", RECORD)
    renamed = {**RECORD, "files": [{**RECORD["files"][0], "name": "better.onnx"}]}
    assert score_folder(fake_inferencer(), pictures, tmp_path / "out", renamed) == 0


def test_colours_mean_the_same_in_every_picture():
    low, high = draw_heatmap(np.array([[0.0, 0.2]])), draw_heatmap(np.array([[0.2, 1.0]]))
    np.testing.assert_array_equal(low[0, 1], high[0, 0])
    scale = cv2.applyColorMap(np.array([[0, 255]], dtype=np.uint8), cv2.COLORMAP_INFERNO)[0, :, ::-1]
    np.testing.assert_array_equal([low[0, 0], high[0, 1]], scale)
    odd = draw_heatmap(np.array([[np.nan, -3.0, 7.0, np.inf]]))
    np.testing.assert_array_equal(odd[0], scale[[0, 0, 1, 1]])


def test_an_overlay_shows_the_image_where_nothing_is_found():
    image = np.random.default_rng(0).integers(0, 255, (600, 30, 3), dtype=np.uint8)
    values = np.zeros((600, 30), dtype=np.float32)
    values[300:310, 10:20] = 1
    overlay = draw_overlay(image, values, values > 0)
    np.testing.assert_array_equal(overlay[:298], image[:298])
    np.testing.assert_array_equal(overlay[312:], image[312:])
    assert tuple(overlay[300, 12]) == CONTOUR_COLOUR
    assert not np.array_equal(overlay[302:308, 12:18], image[302:308, 12:18])
    assert tuple(image[300, 12]) != CONTOUR_COLOUR


def test_a_model_that_was_never_validated_leaves_scores_and_labels_empty(pictures, tmp_path, fake_inferencer):
    class Raw(fake_inferencer):
        def predict_many(self, images, **options):
            for path, result in super().predict_many(images):
                yield path, replace(result, pred_score=None, pred_label=None, anomaly_map=None, pred_mask=None)

    assert score_folder(Raw(), pictures, tmp_path / "out", RECORD) == 0
    rows = rows_of(tmp_path / "out")
    assert [(row["pred_score"], row["pred_label"]) for row in rows] == [("", "")] * 4
    assert [float(row["raw_score"]) for row in rows] == [60, 90, 120, 200]
    assert not (tmp_path / "out/heatmaps").exists()
    again = Raw()
    assert score_folder(again, pictures, tmp_path / "out", RECORD) == 0
    assert not again.seen


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deep_images_are_drawn_in_their_range(tmp_path, fake_inferencer, dtype):
    folder = tmp_path / "deep"
    folder.mkdir()
    pixels = np.full((6, 8), 0.6 * (65535 if dtype == np.uint16 else 1)).astype(dtype)
    Image.fromarray(pixels).save(folder / "a.tif")

    class Calm(fake_inferencer):
        def predict_many(self, images, **options):
            for path, result in super().predict_many(images):
                nothing = np.zeros_like(result.anomaly_map)
                yield path, replace(result, anomaly_map=nothing, pred_mask=nothing > 0)

    assert score_folder(Calm(), folder, tmp_path / "out", RECORD) == 0
    with Image.open(tmp_path / "out/overlays/a.png") as overlay:
        assert np.unique(np.asarray(overlay)).tolist() == [153]
