# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The command that writes the report, in this process."""

import json

import pytest

from report.__main__ import main


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results/lace/scadn/seed0"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps({"metrics": {"image_AUROC": 0.9125}}))
    return tmp_path / "results"


def test_the_page_lies_beside_the_results_or_where_it_is_asked_for(results, tmp_path, capsys):
    main([str(results)])
    assert "0.912" in (results / "report.html").read_text()
    assert capsys.readouterr().out.splitlines()[-1] == str(results / "report.html")
    main([str(results), "--output", str(tmp_path / "new/page.html")])
    assert (tmp_path / "new/page.html").read_bytes() == (results / "report.html").read_bytes()


def test_results_that_cannot_be_read_are_one_error_and_no_page(results, capsys):
    broken = results / "lace/scadn/seed0/result.json"
    broken.write_text("{")
    with pytest.raises(SystemExit, match="2"):
        main([str(results)])
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith(f"error: cannot read {broken}: expected a JSON object")
    assert not (results / "report.html").exists()


def test_a_folder_that_is_not_there_is_one_error(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "absent")])
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error == f"error: there is no folder {tmp_path / 'absent'}; expected one with results"
    assert not (tmp_path / "absent").exists()
