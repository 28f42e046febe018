# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What is asked for, against what a file and a processor have."""

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from anomalib_scadn.deploy.checkpoint import has_bfloat16
from anomalib_scadn.deploy.loading import load_backend
from anomalib_scadn.deploy.precision import choose_precision

MODEL = Path("model.xml")


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ((), "int8"),
        (("int8",), "bf16"),
        (("int8", "bf16"), "f16"),
        (("bf16",), "int8"),
        (("int8", "f16", "bf16"), "f32"),
    ],
)
def test_auto_takes_the_fewest_bits_that_are_there(refused, expected):
    assert choose_precision("auto", MODEL, dict.fromkeys(refused, "")) == expected


def test_what_is_there_is_taken_and_what_is_not_is_refused_with_its_reason():
    refused = {"bf16": "it has no such thing"}
    assert choose_precision("f32", MODEL, refused) == "f32"
    assert choose_precision("int8", MODEL, refused) == "int8"
    with pytest.raises(ValueError, match=r"^model\.xml cannot be run in precision bf16: it has no such thing$"):
        choose_precision("bf16", MODEL, refused)


def test_an_unknown_precision_is_refused(tmp_path):
    path = tmp_path / "model.xml"
    path.touch()
    with pytest.raises(ValueError, match="precision must be 'f32', 'f16', 'bf16', 'int8' or 'auto', got 'half'"):
        load_backend(path, precision="half")


@pytest.mark.parametrize("name", ["amx_bf16", "avx512_bf16", "bf16"])
def test_a_processor_has_bfloat16_by_any_of_its_instructions(monkeypatch, name):
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, name: False})
    assert not has_bfloat16(cpu)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {name: True})
    assert has_bfloat16(cpu)
    assert not has_bfloat16(torch.device("mps"))


@pytest.mark.parametrize("native", [True, False])
def test_a_graphics_card_that_emulates_bfloat16_does_not_have_it(monkeypatch, native):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or native)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    assert has_bfloat16(torch.device("cuda")) == native
