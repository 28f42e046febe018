# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The example in an environment of its own, in which onnxruntime, NumPy, OpenCV and what they need are all there is."""

import json
import os
import shutil
import subprocess
import venv
from importlib.metadata import distribution
from pathlib import Path

import onnx
import pytest
from packaging.requirements import Requirement

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "onnx_only.py"
NEEDED = ("onnxruntime", "numpy", "opencv-python-headless")


def with_requirements(names):
    """Add what distributions require, and what that requires."""
    found, todo = {}, list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = distribution(name)
            requirements = [Requirement(text) for text in found[name].requires or ()]
            todo += [each.name for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found.values()


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Interpreter of a fresh virtual environment, without pip, into which installed packages are linked."""
    folder = tmp_path_factory.mktemp("environment")
    builder = venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt")
    builder.create(folder)
    packages = next(folder.rglob("site-packages"))
    for installed in with_requirements(NEEDED):
        # Folders and modules that the distribution put beside others; its commands lie elsewhere.
        for name in {file.parts[0] for file in installed.files if file.parts[0] not in ("..", "__pycache__")}:
            if not (packages / name).exists():
                (packages / name).symlink_to(installed.locate_file(name))
    return builder.ensure_directories(folder).env_exe


def run(python, *arguments):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [python, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)


@pytest.mark.parametrize("module", ["torch", "anomalib", "anomalib_scadn", "PIL", "onnx", "openvino"])
def test_the_environment_holds_nothing_else(python, module):
    assert f"No module named '{module}'" in run(python, "-c", f"import {module}").stderr


def test_example_needs_onnxruntime_numpy_and_opencv_alone(exported, image_folders, engine_predictions, python):
    for name in ("1.png", "2.png"):
        image = image_folders["larger"] / name
        done = run(python, EXAMPLE, exported.files["onnx"], image)
        assert done.returncode == 0, done.stderr
        score, label, _ = engine_predictions[image]
        found = json.loads(done.stdout)
        assert found["image"] == str(image)
        assert found["pred_score"] == pytest.approx(score, abs=1e-4)
        assert found["pred_label"] == label


@pytest.mark.parametrize("exported", ["untrained"], indirect=True, scope="session")
def test_example_prints_no_label_of_a_model_that_was_never_validated(exported, image_folders, python):
    image = image_folders["larger"] / "1.png"
    found = json.loads(run(python, EXAMPLE, exported.files["onnx"], image).stdout)
    assert found.keys() == {"image", "raw_score"}
    assert found["raw_score"] == pytest.approx(exported.predict("onnx", [image])[0].raw_score, abs=1e-4)


def test_example_prints_the_raw_score_of_a_model_that_normalizes_nothing(exported, image_folders, tmp_path, python):
    for file in (exported.files["onnx"], exported.files["onnx"].with_suffix(".onnx.data")):
        shutil.copy(file, tmp_path)
    graph = onnx.load(tmp_path / "model.onnx", load_external_data=False)
    (described,) = (entry for entry in graph.metadata_props if entry.key == "anomalib_scadn")
    described.value = json.dumps({**json.loads(described.value), "enable_normalization": False})
    (tmp_path / "model.onnx").write_bytes(graph.SerializeToString())
    found = json.loads(run(python, EXAMPLE, tmp_path / "model.onnx", image_folders["larger"] / "1.png").stdout)
    assert found.keys() == {"image", "raw_score"}


def test_errors_of_the_example_are_one_line(exported, image_folders, tmp_path, python):
    image = image_folders["larger"] / "1.png"
    (tmp_path / "text.png").write_text("no image")
    shutil.copy(exported.files["onnx"], tmp_path)
    for model, picture, named in (
        (exported.files["onnx"], tmp_path / "text.png", "text.png cannot be read as an image"),
        (exported.files["onnx"], tmp_path / "none.png", "none.png"),
        (tmp_path / "model.onnx", image, "model.onnx.data"),
        (tmp_path / "none.onnx", image, "none.onnx"),
    ):
        done = run(python, EXAMPLE, model, picture)
        assert done.returncode == 1
        assert named in done.stderr.splitlines()[-1]
        assert done.stderr.splitlines()[-1].startswith("error: ")
        assert "Traceback" not in done.stderr
