# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Imports point down only, between the rooms of the package and between the files of a room, without circles."""

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "anomalib_scadn"
SOURCE = Path(__file__).resolve().parents[2] / "src" / PACKAGE

ROOMS = (
    "checks",
    "files",
    "masks",
    "anomalies",
    "networks",
    "loss",
    "scoring",
    "torch_model",
    "training",
    "components",
    "export",
    "lightning_model",
    "baselines",
    "data",
    "deploy",
    "__init__",
    "cli",
    "__main__",
)
"""From the lowest to the highest; a room may import from those before it."""

ALONE = {"data": {"checks", "files"}}
"""Rooms that may import from few others."""

TORCH_ONLY = ("masks/striped", "scoring/paper")


def module_name(path):
    """Name a file by its module below the package, ``""`` for the package's own ``__init__``."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}


def room(module):
    return module.split(".")[0] or "__init__"


def imported_modules(source, package, known):
    """List the modules of the package that a source imports anywhere, in functions and for type checking too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found |= {".".join(parts[1:]) for parts in names if parts[0] == PACKAGE}
        elif isinstance(node, ast.ImportFrom):
            parts = (node.module or "").split(".") if node.module else []
            if node.level:
                parts = [*package.split("."), *parts] if package else parts
            elif parts[0] == PACKAGE:
                parts = parts[1:]
            else:
                continue
            base = ".".join(parts)
            for alias in node.names:
                inner = f"{base}.{alias.name}" if base else alias.name
                found.add(inner if inner in known else base)
    return found


def package_of(module, path):
    return module if path.stem == "__init__" else module.rpartition(".")[0]


def foreign_imports(source):
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module.split(".")[0])
    return modules - {PACKAGE}


IMPORTS = {
    module: imported_modules(path.read_text(encoding="utf-8"), package_of(module, path), FILES) - {module}
    for module, path in FILES.items()
}


def offences(module, imported):
    """List the rooms that a module must not import from."""
    own = room(module)
    others = {room(other) for other in imported} - {own}
    if own in ALONE:
        return others - ALONE[own]
    return {other for other in others if ROOMS.index(other) > ROOMS.index(own)}


def test_every_room_has_a_floor():
    assert {room(module) for module in FILES} == set(ROOMS)


@pytest.mark.parametrize("module", FILES)
def test_imports_point_down(module):
    upward = sorted(offences(module, IMPORTS[module]))
    assert not upward, f"{module or PACKAGE} must not import from {', '.join(upward)}"


def test_no_files_import_each_other_in_a_circle():
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as error:
        pytest.fail(f"imports in a circle: {' -> '.join(reversed(error.args[1]))}")


@pytest.mark.parametrize("module", [module for module in FILES if room(module) == "deploy"])
def test_deploy_imports_the_lightning_model_only_when_a_function_needs_it(module):
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    assert "lightning_model" not in imported_modules(ast.unparse(top), package_of(module, FILES[module]), FILES)


@pytest.mark.parametrize("module", FILES)
def test_ray_is_imported_by_one_room_and_pyarrow_by_none_at_its_top(module):
    source = FILES[module].read_text(encoding="utf-8")
    if not module.startswith("deploy.distributed"):
        assert "ray" not in foreign_imports(source)
    top = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not foreign_imports(ast.unparse(ast.Module(top, []))) & {"ray", "pyarrow", "fsspec"}


@pytest.mark.parametrize("name", TORCH_ONLY)
def test_masks_and_the_papers_score_need_torch_alone(name):
    foreign = foreign_imports((SOURCE / f"{name}.py").read_text(encoding="utf-8"))
    assert foreign - sys.stdlib_module_names - {"typing_extensions"} == {"torch"}


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("from .masks import remove", "", {"masks"}),
        ("from . import masks, __version__", "", {"masks", ""}),
        ("from anomalib_scadn.data.lacead import LaceAD", "", {"data.lacead"}),
        ("import anomalib_scadn.networks as n, torch", "", {"networks"}),
        ("import anomalib_scadn", "", {""}),
        ("from anomalib_scadn import Scadn", "", {""}),
        ("from .lacead import LaceAD", "data", {"data.lacead"}),
        ("from . import lacead", "data", {"data.lacead"}),
        ("from .data import LaceAD", "", {"data"}),
        ("def f():\n    from .cli.main import main\n", "", {"cli.main"}),
        ("if TYPE_CHECKING:\n    from .training.run import TrainingRun\n", "", {"training.run"}),
        ("import anomalib\nfrom anomalib_scadn_other import x", "", set()),
    ],
)
def test_imports_are_found_wherever_and_however_they_are_written(source, package, expected):
    known = {"", "masks", "networks", "data", "data.lacead", "cli.main", "training.run"}
    assert imported_modules(source, package, known) == expected


@pytest.mark.parametrize(
    ("module", "imported", "expected"),
    [
        ("masks", {"scoring.paper"}, {"scoring"}),
        ("scoring.paper", {"masks", "torch_model"}, {"torch_model"}),
        ("lightning_model", {"torch_model", "data.lacead", ""}, {"data", "__init__"}),
        ("data.lacead", {"data.files", "checks", "masks"}, {"masks"}),
        ("deploy.inspection.folder", {"deploy.images", "data", "cli.main"}, {"cli"}),
        ("", {"data", "cli"}, {"cli"}),
        ("__main__", {"cli.main"}, set()),
    ],
)
def test_imports_that_point_up_or_sideways_are_offences(module, imported, expected):
    assert offences(module, imported) == expected
