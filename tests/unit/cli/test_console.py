# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Messages of a command."""

import logging
import warnings

import pytest
from lightning.pytorch.utilities.rank_zero import rank_zero_info

from anomalib_scadn.cli.console import NOISE, configure_console, filter_warnings, print_error


@pytest.fixture
def _plain_logging():
    """Leave loggers and warnings as they were."""
    loggers = [logging.getLogger(name) for name in ("", "lightning.pytorch", "lightning.fabric", "lightning_fabric")]
    handlers = [handler for logger in loggers for handler in logger.handlers]
    before = [list(handler.filters) for handler in handlers]
    with warnings.catch_warnings():
        yield
    for handler, filters in zip(handlers, before, strict=True):
        handler.filters[:] = filters


@pytest.mark.usefixtures("_plain_logging")
def test_noise_is_filtered_and_news_are_not(monkeypatch):
    shown = []
    configure_console(logging.INFO)
    for name in ("lightning.pytorch", "lightning.fabric", "lightning_fabric"):
        for handler in logging.getLogger(name).handlers:
            monkeypatch.setattr(handler, "emit", lambda record: shown.append(record.getMessage()))
    for start in NOISE:
        rank_zero_info(f"{start} and more")
    rank_zero_info("`Trainer.fit` stopped")
    assert set(shown) == {"`Trainer.fit` stopped"}


@pytest.mark.usefixtures("_plain_logging")
def test_only_warnings_that_are_known_are_filtered():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        filter_warnings()
        warnings.warn("Importing from timm.models.layers is deprecated", FutureWarning, stacklevel=1)
        warnings.warn("`isinstance(treespec, LeafSpec)` is deprecated", FutureWarning, stacklevel=1)
        warnings.warn("something else is deprecated", FutureWarning, stacklevel=1)
    assert [str(warning.message) for warning in caught] == ["something else is deprecated"]


@pytest.mark.parametrize(
    "text",
    [
        "cannot\nread a.png",
        "Caught ValueError in DataLoader worker process 0.\n"
        "Original Traceback (most recent call last):\n  File\nValueError: cannot\nread a.png\n",
        "Does not validate\nErrors:\n  - Expected a <class 'NoneType'>\n  - cannot read a.png\nGiven value type: dict",
    ],
)
def test_an_error_is_one_line_without_what_libraries_lay_around_it(text, capsys):
    print_error(ValueError(text))
    assert capsys.readouterr().err == "error: cannot read a.png\n"


def test_a_traceback_is_shown_on_request(capsys, monkeypatch):
    try:
        raise ValueError("wrong")
    except ValueError as raised:
        error = raised
    monkeypatch.setenv("JSONARGPARSE_DEBUG", "1")
    print_error(error)
    assert "test_console.py" in capsys.readouterr().err
    monkeypatch.delenv("JSONARGPARSE_DEBUG")
    print_error(error)
    assert capsys.readouterr().err == "error: wrong\n"
