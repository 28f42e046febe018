# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Result files that runs are added to."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

import store
from experiment import parse_options, refuse
from paper_tables import CLASSES, one_class_table, paper_table, published, seed_means
from provenance import folder_fingerprint, machine, without_folders, without_paths


@pytest.fixture
def run(tmp_path):
    """Run jobs into one file."""

    def call(*keys, settings=None, data=None, job=lambda: [{"a": 1.0}]):
        jobs = [([key], job) for key in keys]
        return store.run_missing(tmp_path / "r.json", settings or {"config": "c"}, jobs, data)

    return call


def test_every_run_keeps_its_own_machine_and_versions(run, monkeypatch):
    run("x")
    monkeypatch.setattr(store, "machine", lambda: {"processor": "another"})
    result, _ = run("x", "y")
    assert {"processor", "threads", "torch"} <= result["runs"]["x"]["machine"].keys()
    assert result["runs"]["y"] == {"a": 1.0, "machine": {"processor": "another"}}
    assert "machine" not in result


def test_what_another_process_adds_meanwhile_is_kept_and_not_made_again(run, tmp_path):
    path = tmp_path / "r.json"

    def job():
        store.merge(path, {"config": "c"}, {}, {"other": {"a": 2.0}, "next": {"a": 3.0}})
        return [{"a": 1.0}]

    result, _ = run("mine", "next", job=job)
    assert {key: value["a"] for key, value in result["runs"].items()} == {"other": 2.0, "next": 3.0, "mine": 1.0}
    assert json.loads(path.read_text()) == result


def test_of_two_processes_at_the_same_jobs_each_job_is_done_once(tmp_path):
    made = []

    def process(number):
        jobs = [([str(key)], partial(job, key)) for key in range(3)]
        return store.run_missing(tmp_path / "r.json", {"config": "c"}, jobs)

    def job(key):
        made.append(key)
        time.sleep(0.1)
        return [{"a": float(key)}]

    with ThreadPoolExecutor(2) as pool:
        results = [result for result, _ in pool.map(process, range(2))]
    assert sorted(made) == [0, 1, 2]
    assert results[0] == results[1]
    assert [path.name for path in tmp_path.glob(".r*")] == []


def test_the_first_result_of_a_key_stays(tmp_path):
    for value in (1.0, 2.0):
        found = store.merge(tmp_path / "r.json", {"config": "c"}, {}, {"x": {"a": value}})
    assert found["runs"] == {"x": {"a": 1.0}}


def test_a_failed_job_is_named_and_the_others_are_done(tmp_path, capsys):
    def fail():
        raise OSError("no such image")

    jobs = [(["bad/0"], fail), (["good/0"], lambda: [{"a": 1.0}])]
    result, failed = store.run_missing(tmp_path / "r.json", {"config": "c"}, jobs)
    assert list(result["runs"]) == ["good/0"]
    assert "no such image" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"failed: r\.json: bad/0"):
        store.end(failed)
    store.end([])


def test_a_gpu_is_recorded_only_if_it_was_used(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "card")
    assert machine()["accelerator"] == machine(cuda=False)["accelerator"] == "none"
    assert machine(cuda=True)["accelerator"] == "card"


def test_writers_at_once_lose_nothing(tmp_path):
    add = partial(store.merge, tmp_path / "r.json", {"config": "c"}, {})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add({str(number): {}}), range(24)))
    assert json.loads((tmp_path / "r.json").read_text())["runs"].keys() == set(map(str, range(24)))


def test_another_configuration_or_other_data_are_refused_and_new_data_are_not(run):
    errors = ""
    run("x", settings={"config_sha256": "1"}, data={"bottle": "f1"})
    result, _ = run("y", settings={"config_sha256": "1"}, data={"cable": "f2"})
    assert result["data"] == {"bottle": "f1", "cable": "f2"}
    for change in ({"settings": {"config_sha256": "2"}}, {"data": {"cable": "f3"}}):
        with pytest.raises(store.MadeOtherwiseError) as raised:
            run("x", **{"settings": {"config_sha256": "1"}, "data": {"bottle": "f1"}, **change})
        errors += str(raised.value)
    assert "was made with config_sha256=1, not with config_sha256=2; remove it, or choose another name or" in errors
    assert "was made with other files of cable" in errors


def test_settings_tell_another_content_of_the_configuration(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("a: 1")
    first = store.settings_of(path, ["--data.root", "/x/y", "--a", "1"])
    assert first["extra"] == ["--data.root", "DIR", "--a", "1"]
    path.write_text("a: 20")
    assert store.settings_of(path, []).pop("config_sha256") != first["config_sha256"]


def test_a_file_of_that_name_makes_no_path_of_a_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("2", "2.5", "mean"):
        (tmp_path / name).write_text("w")
    assert without_folders(["2", "2.5", "mean"]) == ["2", "2.5", "mean"]


@pytest.mark.parametrize("name", ["data.root", "data.init_args.root", "data", "config"])
def test_options_that_a_program_sets_itself_are_refused_under_any_name(name):
    refuse({"data.num_train": "2", "data.root_of_another": "x"}, ["data.root", "model.seed"])
    with pytest.raises(ValueError, match=f"--{name} after -- is not for anomalib: this program sets data.root, model"):
        refuse({name: "x"}, ["data.root", "model.seed"])


def test_arguments_of_anomalib_need_a_name_and_a_value():
    assert parse_options(["--a.b", "1", "--c=2=3"]) == {"a.b": "1", "c": "2=3"}
    for extra in (["value"], ["--name"]):
        with pytest.raises(ValueError, match="expected --name value after --"):
            parse_options(extra)


def test_no_path_of_this_machine_is_kept(tmp_path):
    (tmp_path / "w.pth").write_text("w")
    found = without_paths(["--a=/x/w.pth", "--b", f"{tmp_path}/w.pth", "--data.root=/x", "--c", "2"])
    assert found[0] == "--a=w.pth"
    assert found[2].startswith("w.pth, SHA-256 ")
    assert found[3:] == ["--data.root=DIR", "--c", "2"]
    assert without_folders({"a": ["C:\\data\\w.pth", 1, "plain"]}) == {"a": ["w.pth", 1, "plain"]}


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.png").symlink_to(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match=r"a\.png"):
        folder_fingerprint(tmp_path)


def test_a_seed_with_as_many_but_other_categories_has_no_mean():
    result = {"runs": {key: {"m": value} for key, value in {"a/0": 1, "b/0": 3, "a/1": 5, "c/1": 7}.items()}}
    assert seed_means(result, "m") == []
    del result["runs"]["c/1"]
    assert seed_means(result, "m") == [2]


def test_the_papers_mean_stands_only_beside_all_classes():
    result = {"dataset": "mnist", "config": "one_class.yaml", "extra": []}
    result["runs"] = {f"{number}/0": {"image_AUROC": 0.5} for number in CLASSES}
    assert one_class_table({"mnist": result})[1][0][-2:] == ["0.5000", "0.9771 ± 0.0005"]
    del result["runs"]["4/0"]
    assert one_class_table({"mnist": result})[1][0][-2:] == ["0.5000", "\N{EN DASH}"]


def test_the_papers_tables_have_a_row_per_category_and_a_column_per_metric():
    values = {"image_AUROC": 0.5, "PerImagePixelAUROC": 0.25}
    result = {"config": "mvtec.yaml", "extra": [], "paper": published("2", "3")}
    result["runs"] = {"screw/0": values, "tile/0": values}
    lace = {"config": "laceAD.yaml", "extra": [], "paper": published("1"), "runs": {"1/0": {"image_AUROC": 0.75}}}
    header, rows = paper_table({"mvtec": result, "laceAD": lace})
    image, pixel, none = "image AUROC", "per-image pixel AUROC", "\N{EN DASH}"
    assert header[:4] == ["result", "configuration", "category", "seeds"]
    assert header[4:] == [image, f"paper's {image}", pixel, f"paper's {pixel}"]
    assert rows == [
        ["mvtec", "`mvtec.yaml`", "screw", "1", "0.500", "0.831", "0.250", "0.876"],
        ["mvtec", "`mvtec.yaml`", "tile", "1", "0.500", "0.792", "0.250", "0.677"],
        ["mvtec", "`mvtec.yaml`", "mean of 2", none, "0.500", none, "0.250", none],
        ["laceAD", "`laceAD.yaml`", "1", "1", "0.750", "0.975", none, none],
        ["laceAD", "`laceAD.yaml`", "mean of 1", none, "0.750", none, none, none],
    ]


def test_rows_are_put_in_the_place_of_those_of_the_same_keys(tmp_path):
    path = tmp_path / "r.json"
    store.add_rows(path, [{"form": "a", "seed": 0, "score": 1}, {"form": "b", "seed": 0, "score": 2}], ("form", "seed"))
    store.add_rows(path, [{"form": "a", "seed": 0, "score": 3}], ("form", "seed"))
    assert store.read(path) == [{"form": "b", "seed": 0, "score": 2}, {"form": "a", "seed": 0, "score": 3}]
