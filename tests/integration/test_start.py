# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What a process imports before it does its work: counted, for seconds depend on the machine."""

import os
import re
import subprocess
import sys

import pytest

import anomalib_scadn

TRAINING = {"torch", "torchvision", "lightning", "anomalib", "timm", "kornia", "torchmetrics", "matplotlib"}
RUNTIMES = {"onnxruntime", "openvino"}
SLOW = {"scipy.stats", "pandas", "sklearn", *TRAINING}


def imported(*arguments):
    """Run a process, and name the modules that it imported."""
    command = [sys.executable, "-X", "importtime", *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-2000:]
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", done.stderr, re.MULTILINE))


@pytest.mark.parametrize(
    "arguments", [("--help",), ("configs",), ("configs", "demo"), ("score", "--help")], ids=" ".join
)
def test_help_and_configurations_import_neither_anomalib_nor_a_runtime(arguments):
    found = imported("-m", "anomalib_scadn", *arguments)
    assert "anomalib_scadn.cli.main" in found
    assert not found & (SLOW | RUNTIMES)


@pytest.mark.parametrize(("kind", "runtime"), [("onnx", "onnxruntime"), ("openvino", "openvino")])
def test_a_graph_is_scored_and_judged_without_torch(exported, image_folders, tmp_path, monkeypatch, kind, runtime):
    monkeypatch.chdir(tmp_path)
    options = ("--model", exported.files[kind], "--input", image_folders["larger"], "--output", tmp_path / "results")
    found = imported("-m", "anomalib_scadn", "score", *options)
    assert runtime in found
    assert not found & (SLOW | RUNTIMES - {runtime})
    assert [path.name for path in tmp_path.iterdir()] == ["results"]  # no runtime's cache
    for command in (("threshold", tmp_path / "results", "--good", "."), ("report", tmp_path / "results")):
        assert not imported("-m", "anomalib_scadn", *command) & (SLOW | RUNTIMES)


REGISTERED = """
import anomalib_scadn
from anomalib.data import get_datamodule
from anomalib.models import get_model, list_models
assert "scadn" in list_models()
assert type(get_model("scadn", image_size=32, base_channels=2)) is anomalib_scadn.Scadn
get_datamodule({"class_path": "anomalib_scadn.SyntheticLace"})
"""


def test_models_are_registered_on_import_in_a_module_of_a_users_package(tmp_path):
    (tmp_path / "users").mkdir()
    (tmp_path / "users/__init__.py").write_text("import anomalib_scadn")
    (tmp_path / "users/train.py").write_text(REGISTERED)
    subprocess.run([sys.executable, "-m", "users.train"], cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    ("argv", "environment"), [("bin/anomalib-scadn", {}), ("worker.py", {"ANOMALIB_SCADN_COMMAND": "1"})]
)
def test_the_own_command_and_processes_that_it_starts_register_nothing_until_they_need_it(argv, environment):
    script = (
        f"import sys; sys.argv = ['{argv}']; from anomalib_scadn.data import tiles; assert 'torch' not in sys.modules"
    )
    if not environment:
        script += f"\nimport anomalib_scadn; anomalib_scadn.register(){REGISTERED}"
    subprocess.run([sys.executable, "-c", script], env={**os.environ, **environment}, check=True)


def test_names_are_listed_before_they_are_imported():
    assert {"Scadn", "CompositeScore", "baselines"} <= set(dir(anomalib_scadn))
    assert "LaceAD" in dir(anomalib_scadn.data)


def test_a_subcommand_of_anomalibs_does_not_warn_of_names_that_no_user_wrote():
    command = [sys.executable, "-m", "anomalib_scadn", "export", "--help"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "--export_type" in done.stdout
    assert "Warning" not in done.stderr
