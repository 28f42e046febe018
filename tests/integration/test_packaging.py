# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The wheel holds what an installed package needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_every_module_template_and_configuration_is_in_the_wheel(wheel):
    names = set(wheel.namelist())
    source = ROOT / "src" / "anomalib_scadn"
    modules = {f"anomalib_scadn/{path.relative_to(source).as_posix()}"
               for path in (*source.rglob("*.py"), *source.rglob("templates/*"))}  # fmt: skip
    configs = {f"anomalib_scadn/configs/{path.name}" for path in (ROOT / "configs").glob("*.yaml")}
    assert configs
    assert modules | configs | {"anomalib_scadn/py.typed"} <= names


def test_the_wheel_has_a_command_a_licence_and_nothing_else(wheel):
    names = wheel.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"anomalib_scadn"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    assert "anomalib-scadn = anomalib_scadn.cli:main" in wheel.read(entry_points).decode()
