# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Imports point down only: each module may import modules of lower floors."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = "anomalib_scadn"
SOURCE = Path(__file__).resolve().parents[2] / "src" / PACKAGE

FLOORS = {
    "masks": 0,
    "checks": 0,
    "files": 0,
    "precision": 0,
    "unreadable": 0,
    "version": 0,
    "config_files": 0,
    "scoring": 1,  # the whole subpackage
    "networks": 1,
    "plain_weights": 1,
    "crops": 2,
    "score_file": 2,
    "quantization": 2,
    "loss": 1,
    "seeding": 1,
    "schedule": 1,
    "metrics": 2,
    "pre_processor": 2,
    "official_weights": 2,
    "post_processor": 3,
    "torch_model": 3,
    "visualization": 4,
    "components": 5,
    "metadata": 4,
    "averaging": 5,
    "exporting": 5,
    "reference": 4,
    "training_run": 4,
    "training": 5,
    "lightning_model": 6,
    "baselines": 6,  # the whole subpackage
    "data": 6,  # the whole subpackage; imports nothing but itself and checks
    "deploy": 7,  # the Lightning model only inside a function, for a checkpoint
    "report": 8,
    "registration": 8,
    "benchmark": 9,
    "__init__": 9,  # may import anything
    "cli": 10,
    "__main__": 11,
}

TORCH_ONLY = ("masks", "scoring/base", "scoring/paper")


def floor_name(path):
    """Name a file's entry in the table: a subpackage is one entry."""
    parts = path.relative_to(SOURCE).parts
    return parts[0].removesuffix(".py")


def package_of(path):
    """Name the package that a file's relative imports start from, without the name of the outer one."""
    return path.relative_to(SOURCE).parts[:-1]


def imports(source):
    """List what is imported anywhere in a source, as (level, module, names)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)


def house_imports(source, package, known):
    """Find the entries of the table that a source imports.

    A name imported from the package itself is a module if it is known as one; else it comes from ``__init__``.
    """
    found = set()
    for level, module, names in imports(source):
        if level:
            base = package[: len(package) - level + 1]
            parts = [*base, *module.split(".")] if module else list(base)
        elif module.split(".")[0] == PACKAGE:
            parts = module.split(".")[1:]
        else:
            continue
        if parts:
            found.add(parts[0])
        elif names:
            found |= {name if name in known else "__init__" for name in names}
        else:
            found.add("__init__")
    return found


def foreign_imports(source):
    return {module.split(".")[0] for level, module, _ in imports(source) if not level} - {PACKAGE}


def offences(name, imported):
    """List the imports that point up or sideways."""
    if name == "__init__":
        return set()
    if name == "data":
        return imported - {"data", "checks"}
    if name == "scoring":
        return {other for other in imported if FLOORS[other] >= FLOORS[name]} - {"scoring"}
    if name == "deploy":
        allowed = {other for other in FLOORS if FLOORS[other] < FLOORS[name]} - {"training"}
        return imported - allowed - {"deploy"}
    return {other for other in imported - {name} if FLOORS[other] >= FLOORS[name]}


FILES = sorted(SOURCE.rglob("*.py"))
MODULES = {floor_name(path) for path in FILES}


def test_every_module_has_a_floor():
    missing = sorted(MODULES - FLOORS.keys())
    assert not missing, f"give {', '.join(missing)} a floor in FLOORS of {Path(__file__).name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path):
    name = floor_name(path)
    imported = house_imports(path.read_text(encoding="utf-8"), package_of(path), FLOORS.keys() | MODULES)
    unknown = sorted(({name} | imported) - FLOORS.keys())
    assert not unknown, f"give {', '.join(unknown)} a floor in FLOORS of {Path(__file__).name}"
    upward = sorted(offences(name, imported))
    assert not upward, f"{name} (floor {FLOORS[name]}) must not import {', '.join(upward)}"


@pytest.mark.parametrize("path", sorted(SOURCE.glob("deploy/*.py")), ids=lambda path: path.stem)
def test_deploy_imports_the_lightning_model_only_when_a_function_needs_it(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    assert "lightning_model" not in house_imports(ast.unparse(top), package_of(path), FLOORS.keys())


@pytest.mark.parametrize("name", TORCH_ONLY)
def test_lowest_floors_need_torch_alone(name):
    foreign = foreign_imports((SOURCE / f"{name}.py").read_text(encoding="utf-8"))
    assert foreign - sys.stdlib_module_names == {"torch"}


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("from .masks import remove", (), {"masks"}),
        ("from . import masks, __version__", (), {"masks", "__init__"}),
        ("from anomalib_scadn.data.lacead import LaceAD", (), {"data"}),
        ("import anomalib_scadn.networks as n, torch", (), {"networks"}),
        ("import anomalib_scadn", (), {"__init__"}),
        ("from anomalib_scadn import Scadn", (), {"__init__"}),
        ("from ..masks import remove", ("data",), {"masks"}),
        ("from .lacead import LaceAD", ("data",), {"data"}),
        ("from .. import masks", ("data",), {"masks"}),
        ("from . import lacead", ("data",), {"data"}),
        ("def f():\n    from .cli import main\n", (), {"cli"}),
        ("if TYPE_CHECKING:\n    from .training import GanTraining\n", (), {"training"}),
        ("import anomalib\nfrom anomalib_scadn_other import x", (), set()),
    ],
)
def test_imports_are_found_wherever_and_however_they_are_written(source, package, expected):
    assert house_imports(source, package, FLOORS.keys()) == expected


@pytest.mark.parametrize(
    ("name", "imported", "expected"),
    [
        ("masks", {"scoring"}, {"scoring"}),
        ("scoring", {"masks", "loss"}, {"loss"}),
        ("lightning_model", {"torch_model", "data", "registration"}, {"data", "registration"}),
        ("data", {"data", "masks"}, {"masks"}),
        ("deploy", {"deploy", "data", "checks", "training", "cli"}, {"training", "cli"}),
        ("report", {"report", "deploy", "registration"}, {"registration"}),
        ("training", {"__init__"}, {"__init__"}),
        ("__init__", {"registration", "cli"}, set()),
        ("__main__", {"cli"}, set()),
    ],
)
def test_imports_that_point_up_or_sideways_are_offences(name, imported, expected):
    assert offences(name, imported) == expected
