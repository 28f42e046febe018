# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Documents that say what the code does: examples in docstrings run, and the page of arguments is up to date."""

import doctest
import importlib
import importlib.util
import inspect
import logging
import pkgutil
from pathlib import Path

import pytest

import anomalib_scadn

DOCS = Path(__file__).resolve().parents[2] / "docs"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PUBLIC = ("", ".baselines", ".components", ".data", ".deploy", ".scoring")
"""Packages whose classes are for users."""

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(anomalib_scadn.__path__, f"{anomalib_scadn.__name__}.")
    if not found.name.endswith("__main__")
]
EXAMPLES = [
    test for module in MODULES for test in doctest.DocTestFinder(exclude_empty=True).find(module) if test.examples
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name.removeprefix("anomalib_scadn."))
def test_examples_in_docstrings_run(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # Handlers that earlier tests left behind would log into the example's output.
    logging.disable(logging.WARNING)
    try:
        assert doctest.DocTestRunner(optionflags=FLAGS, verbose=False).run(example).failed == 0
    finally:
        logging.disable(logging.NOTSET)  # which, unlike a change of the number, makes loggers forget what they knew
    assert not any("+SKIP" in line.source for line in example.examples)


def public_classes():
    for package in PUBLIC:
        module = importlib.import_module(anomalib_scadn.__name__ + package)
        for name in module.__all__:
            kind = getattr(module, name)
            if inspect.isclass(kind) and not inspect.isabstract(kind) and not issubclass(kind, tuple):
                yield kind


@pytest.mark.parametrize("kind", sorted(set(public_classes()), key=lambda kind: kind.__name__))
def test_every_public_class_has_an_example(kind):
    assert ">>> " in (kind.__doc__ or "")


def load(name):
    """Load a program of the documents."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def test_the_page_of_arguments_is_up_to_date():
    page = load("arguments").page()
    assert (DOCS / "arguments.md").read_text(encoding="utf-8") == page, "run python docs/arguments.py"


def test_plots_show_every_network_that_was_measured():
    plots = load("plots")
    contents = [plots.results(path.stem) for path in plots.RESULTS.glob("curve_*.json")]
    masked = [one for one in contents if all(run["pixel_AUROC"] for run in one["runs"].values())]
    assert [len(axis.lines) for axis in plots.curve().axes] == [len(contents), len(masked), len(contents)]
    ours = {f"{asked}, {residual} blocks" for asked in plots.ASKED.values() for residual in ("full", "separable")}
    for axis in plots.latency().axes:
        assert {line.get_label() for line in axis.lines} == {*ours, "patchcore", "padim"}
