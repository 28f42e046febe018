# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The list of subcommands, which is written without anomalib."""

from importlib import import_module

import pytest

from anomalib_scadn.cli.anomalib_cli import ScadnCLI
from anomalib_scadn.cli.main import main
from anomalib_scadn.cli.subcommands import ANOMALIB, COMMANDS, MODULES


def test_anomalibs_subcommands_are_listed_with_its_descriptions():
    cli = ScadnCLI(["install"], run=False)
    found = {choice.dest: choice.help for choice in cli.parser._subcommands_action._choices_actions}
    assert found.keys() == {*ANOMALIB, *COMMANDS} - MODULES.keys()
    for name, description in found.items():
        assert description.startswith({**ANOMALIB, **COMMANDS}[name])


@pytest.mark.parametrize("name", MODULES)
def test_each_own_subcommand_has_its_functions(name):
    module, function = import_module(f"anomalib_scadn.cli.{MODULES[name]}"), name.replace("-", "_")
    assert callable(getattr(module, function))
    assert callable(getattr(module, f"add_{function}_arguments"))


def test_help_lists_all_subcommands(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    printed = " ".join(capsys.readouterr().out.split())
    for name, description in {**ANOMALIB, **COMMANDS}.items():
        assert f" {name} {description}" in printed


@pytest.mark.parametrize("arguments", [["nonsense"], []], ids=str)
def test_another_subcommand_is_refused(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "SUBCOMMAND" in capsys.readouterr().err.splitlines()[-1]
