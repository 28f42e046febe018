# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The precision of every form of a model, on processors that have bfloat16 and on those that have not."""

import json
import pickle

import numpy as np
import openvino as ov
import pytest
import torch
from openvino import opset13

from anomalib_scadn.cli import score_many
from anomalib_scadn.deploy import StripedMaskInferencer, checkpoint
from anomalib_scadn.export.checksum import write_checksum
from anomalib_scadn.networks import layers
from command_line import run
from tolerances import generator_rounding

ROUNDING = generator_rounding(base_channels=2)
KINDS = ("checkpoint", "onnx", "openvino", "generator-onnx", "generator-openvino")


@pytest.fixture(params=[True, False], ids=["bf16", "no bf16"])
def bfloat16(request, monkeypatch):
    """Let PyTorch and OpenVINO say that the processor has bfloat16, or that it has not; none has what OpenVINO gets."""
    given = []
    capabilities = ["FP32", "INT8", *(["FP16", "BF16"] if request.param else [])]
    compile_model = ov.Core.compile_model

    def compiled(core, model, device, properties):
        generates = any(node.get_type_name() == "Convolution" for node in model.get_ops())
        given.append(properties["INFERENCE_PRECISION_HINT"] + ("" if generates else " score"))
        return compile_model(core, model, device, {**properties, "INFERENCE_PRECISION_HINT": "f32"})

    monkeypatch.setattr(checkpoint, "has_bfloat16", lambda _: request.param)
    monkeypatch.setattr(
        ov.Core, "get_property", lambda _, device, name: capabilities if name.startswith("OPT") else "Abacus 3000"
    )
    monkeypatch.setattr(ov.Core, "compile_model", compiled)
    return request.param, given


@pytest.fixture
def quantized(exported, tmp_path):
    """A graph whose input is rounded to 8 bits, as nncf writes it."""
    model = ov.Core().read_model(exported.files["openvino"])
    taken = model.input(0).get_target_inputs()
    rounded = opset13.fake_quantize(model.input(0).get_node(), *(np.float32(end) for end in (0, 1, 0, 1)), 256)
    for place in taken:
        place.replace_source_output(rounded.output(0))
    ov.save_model(model, tmp_path / "quantized.xml", compress_to_fp16=False)
    write_checksum(tmp_path / "quantized.xml")
    return tmp_path / "quantized.xml"


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16_is_taken_where_file_and_processor_have_it_and_refused_by_name_elsewhere(exported, bfloat16, kind):
    native, given = bfloat16
    able = native and "onnx" not in kind
    best = "bf16" if able else "f32"
    assert StripedMaskInferencer(exported.files[kind]).backend.precision == "f32"
    assert StripedMaskInferencer(exported.files[kind], precision="auto").backend.precision == best
    if able:
        sent = pickle.loads(pickle.dumps(StripedMaskInferencer(exported.files[kind], precision="bf16")))  # noqa: S301
        assert sent.backend.precision == "bf16"
    else:
        reason = "ONNX Runtime" if "onnx" in kind else "does not compute in bf16 itself; expected f32"
        with pytest.raises(ValueError, match=f"{exported.files[kind].name} cannot .* bf16: .*{reason}"):
            StripedMaskInferencer(exported.files[kind], precision="bf16")
    if "openvino" in kind:
        low = ["bf16"] if kind == "generator-openvino" else ["bf16", "f32 score"]
        assert given == ["f32", *(3 * low if able else ["f32"])]


@pytest.mark.parametrize("bfloat16", [True], indirect=True)
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_graph_in_two_parts_computes_what_the_whole_one_does(exported, bfloat16, image_folders, batch_size):
    images = sorted(image_folders["oblong"].iterdir())
    parts = StripedMaskInferencer(exported.files["openvino"], precision="bf16", batch_size=batch_size)
    assert bfloat16[1] == ["bf16", "f32 score"]
    whole = exported.predict("openvino", images, batch_size)
    for (_, found), expected in zip(parts.predict_many(images), whole, strict=True):
        assert found.raw_score == pytest.approx(expected.raw_score, abs=ROUNDING)
        np.testing.assert_allclose(found.anomaly_map, expected.anomaly_map, atol=ROUNDING, rtol=0)
        np.testing.assert_allclose(found.scale_maps, expected.scale_maps, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_quantized_is_not_run_in_8_bits(exported, kind):
    with pytest.raises(ValueError, match=rf"{exported.files[kind].name} cannot be run in precision int8.*INT8_PTQ"):
        StripedMaskInferencer(exported.files[kind], precision="int8")


def test_a_device_of_several_that_tells_no_precision_is_refused_in_one_line(exported):
    assert StripedMaskInferencer(exported.files["openvino"], device="HETERO:CPU").backend.precision == "f32"
    with pytest.raises(
        ValueError, match=r"run in precision bf16 on 'HETERO:CPU', which does not tell .*; expected f32$"
    ):
        StripedMaskInferencer(exported.files["openvino"], device="HETERO:CPU", precision="bf16")


@pytest.fixture
def tf32():
    """Let the process compute convolutions of float32 in TF32, as torch does on GPUs by default."""
    before, torch.backends.cudnn.conv.fp32_precision = torch.backends.cudnn.conv.fp32_precision, "tf32"
    yield
    torch.backends.cudnn.conv.fp32_precision = before


def test_a_checkpoint_in_single_precision_is_computed_exactly_whatever_the_process_allows(exported, monkeypatch, tf32):
    inferencer, seen = StripedMaskInferencer(exported.files["checkpoint"]), []
    model = inferencer.backend._module.model
    assert model.discriminator is None
    paint = model.paint

    def painted(given):
        seen.append(torch.backends.cudnn.conv.fp32_precision)
        return paint(given)

    monkeypatch.setattr(model, "paint", painted)
    inferencer.predict(np.zeros((32, 32, 3), np.uint8))
    assert set(seen) == {"ieee"}
    assert torch.backends.cudnn.conv.fp32_precision == "tf32"


def test_a_quantized_graph_stays_in_8_bits(quantized, bfloat16):
    for precision in ("f32", "int8", "auto"):
        assert StripedMaskInferencer(quantized, precision=precision).backend.precision == "int8"
    assert bfloat16[1] == ["f32"] * 3  # the rest of it
    with pytest.raises(ValueError, match=r"quantized\.xml cannot be run in precision bf16: it is quantized"):
        StripedMaskInferencer(quantized, precision="bf16")


def test_the_property_of_the_runtime_is_refused_beside_the_argument(exported):
    hint = {"INFERENCE_PRECISION_HINT": "bf16"}
    for options in (hint, {"DEVICE_PROPERTIES": {"CPU": hint}}):
        with pytest.raises(ValueError, match="expected no INFERENCE_PRECISION_HINT"):
            StripedMaskInferencer(exported.files["openvino"], backend_options=options)


def test_the_generator_alone_is_computed_in_bfloat16(exported, image_folders, monkeypatch):
    """Emulated here where the processor has none."""
    monkeypatch.setattr(checkpoint, "has_bfloat16", lambda _: True)
    image = image_folders["larger"] / "1.png"
    inferencer = StripedMaskInferencer(exported.files["checkpoint"], precision="bf16")
    model, types = inferencer.backend._module.model, []

    def convolved(module, given, output):
        types.append(output.dtype)

    def scored(module, given):
        types.extend([*(value.dtype for value in given), torch.is_autocast_enabled("cpu")])

    model.generator.encoder[1].register_forward_hook(convolved)
    model.scorer.register_forward_pre_hook(scored)
    found, expected = inferencer.predict(image), exported.predict("checkpoint", [image])[0]
    assert set(types[:-4]) == {torch.bfloat16}
    assert types[-4:] == [torch.float32] * 3 + [False]  # images, reconstructions, masks
    assert found.raw_map.dtype == np.float32
    assert found.raw_score != expected.raw_score
    assert found.raw_score == pytest.approx(expected.raw_score, rel=0.02)
    # Eight bits of each value, of which tanh and the sums of two networks lose some.
    np.testing.assert_allclose(found.scale_maps, expected.scale_maps, atol=0.05)


def test_results_tell_their_precision_and_take_no_other(exported, image_folders, tmp_path, bfloat16, capsys):
    native, _ = bfloat16
    out = tmp_path / "results"
    command = ("score", "--model", exported.files["checkpoint"], "--input", image_folders["same"], "--output", out)
    assert run(*command, "--precision", "bf16") == (0 if native else 2)
    if not native:
        assert "does not compute in bf16 itself; expected f32" in capsys.readouterr().err
        assert not out.exists()
        return
    assert json.loads((out / "run.json").read_text())["precision"] == "bf16"
    assert run(*command) == 2
    assert "precision was bf16, now f32" in capsys.readouterr().err
    assert run(*command, "--precision", "auto") == 0


def test_machines_that_may_differ_are_told_the_precision(exported, image_folders, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(score_many, "check_ray", lambda: None)
    command = ("score-many", "--model", exported.files["onnx"], "--input", image_folders["same"])
    assert run(*command, "--output", tmp_path / "out", "--precision", "auto") == 2
    assert "invalid choice: 'auto'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("bfloat16", [True], indirect=True)
def test_norms_by_rows_become_the_runtimes_own_in_bfloat16_alone(bfloat16, tiny_scadn, tmp_path, monkeypatch):
    monkeypatch.setattr(layers, "PIXELS_IN_ONE_SUM", 0)  # so that a small graph has the norms of a large one
    scadn = tiny_scadn().eval()
    path = scadn.to_openvino(tmp_path, onnx_kwargs={"verbose": False})
    norms, compile_model = [], ov.Core.compile_model

    def compiled(core, model, *arguments):
        norms.append(sum(node.get_type_name() == "MVN" for node in model.get_ops()))
        return compile_model(core, model, *arguments)

    monkeypatch.setattr(ov.Core, "compile_model", compiled)
    for precision in ("f32", "bf16"):
        StripedMaskInferencer(path, precision=precision)
    everywhere = sum(isinstance(module, layers.InstanceNorm) for module in scadn.model.generator.modules())
    assert norms[:2] == [0, everywhere]
